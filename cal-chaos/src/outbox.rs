//! What waits to be sent, and what was acknowledged.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{self, Instant};

use crate::schedule::Schedule;

/// An answer that said the delivery is kept.
#[derive(Clone, Debug)]
pub(crate) struct Ack {
    /// The delivery, by its place in the schedule.
    pub(crate) delivery: usize,
    /// The id that the site keeps it under.
    pub(crate) id: String,
    /// Whether the site had it already.
    pub(crate) duplicate: bool,
}

/// What a sender does next.
#[derive(Debug)]
pub(crate) enum Next {
    /// It sends the delivery with this place in the schedule.
    Send(usize),
    /// It looks again soon.
    Wait,
    /// Everything is acknowledged.
    End,
}

/// What came of one attempt to send.
#[derive(Debug)]
pub(crate) enum Sent {
    /// The site keeps the delivery.
    Kept(Ack),
    /// No answer, or one that asks to come back; only what is acknowledged counts.
    Unanswered,
    /// The site refused a verified delivery.
    Refused(String),
}

/// The queue that all senders share.
#[derive(Debug)]
pub(crate) struct Outbox {
    schedule: Arc<Schedule>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How much of the queue was taken, and how much of it may be.
    taken: usize,
    open: usize,
    flying: usize,
    again: Vec<(Instant, usize)>,
    tally: Tally,
}

/// What came of everything that was sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) acks: Vec<Ack>,
    pub(crate) unanswered: usize,
    pub(crate) refused: Vec<String>,
}

impl Outbox {
    pub(crate) fn new(schedule: Arc<Schedule>) -> Arc<Self> {
        Arc::new(Self { schedule, state: Mutex::default() })
    }

    /// Lets more of the queue go, evenly over a time.
    pub(crate) fn release(self: &Arc<Self>, count: usize, over: Duration) {
        let this = Arc::clone(self);
        let step = over / u32::try_from(count.max(1)).unwrap_or(u32::MAX);
        tokio::spawn(async move {
            let mut ticks = time::interval(step.max(Duration::from_micros(100)));
            for _ in 0..count {
                ticks.tick().await;
                this.lock().open += 1;
            }
        });
    }

    /// Lets the whole queue go.
    pub(crate) fn release_all(&self) {
        self.lock().open = usize::MAX / 2;
    }

    pub(crate) fn next(&self) -> Next {
        let mut state = self.lock();
        let now = Instant::now();
        let delivery = if let Some(place) = state.again.iter().position(|(due, _)| *due <= now) {
            state.again.swap_remove(place).1
        } else if let Some(delivery) = self.schedule.sends.get(state.taken) {
            if state.taken >= state.open {
                return Next::Wait;
            }
            state.taken += 1;
            *delivery
        } else if state.flying == 0 && state.again.is_empty() {
            return Next::End;
        } else {
            return Next::Wait;
        };
        state.flying += 1;
        Next::Send(delivery)
    }

    pub(crate) fn sent(&self, delivery: usize, sent: Sent) {
        let mut state = self.lock();
        state.flying -= 1;
        match sent {
            Sent::Kept(ack) => state.tally.acks.push(ack),
            Sent::Refused(answer) => state.tally.refused.push(answer),
            Sent::Unanswered => {
                state.tally.unanswered += 1;
                let delay = Duration::from_millis(fastrand::u64(30..500));
                state.again.push((Instant::now() + delay, delivery));
            }
        }
    }

    /// Returns how many sends are acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.lock().tally.acks.len()
    }

    pub(crate) fn tally(&self) -> Tally {
        self.lock().tally.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
