//! A clock that never runs back, for a database that has none.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use cal_webhook::log::quietly;

use crate::{
    claim::UNREMINDED,
    database::{Arg, Conn},
    time::Micros,
};

/// How far ahead the last process of a file may have been. What is further was a mistake of its
/// machine, or is one of this machine.
const AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// The machine's clock, which never runs back here: what was due stays due when somebody sets it.
#[derive(Debug)]
pub(crate) struct Steady {
    /// The time that it showed last, and when that was.
    last: Mutex<(Micros, Instant)>,
}

impl Steady {
    pub(crate) fn new() -> Self {
        Self { last: Mutex::new((Micros::now(), Instant::now())) }
    }

    pub(crate) fn now(&self) -> Micros {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (real, since) = (Micros::now(), last.1.elapsed());
        let now = real.max(last.0.after(since));
        *last = (now, Instant::now());
        now
    }

    /// Goes on where another process has stopped.
    fn go_on_at(&self, mark: Micros) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = (last.0.max(mark), Instant::now());
    }
}

/// Goes on with the clock of the process that used the file before, or sets right what it has left.
pub(crate) async fn go_on(conn: &mut Conn<'_>, clock: &Steady) -> Result<(), sqlx::Error> {
    const MARK: &str = "SELECT max(v.at) FROM (SELECT at FROM cal_values \
            WHERE key = 'planner:generation' UNION ALL SELECT received_at FROM (SELECT received_at \
            FROM cal_deliveries ORDER BY seq DESC LIMIT 1)) AS v";
    const TASKS: &str = "UPDATE cal_tasks SET ready_at = $1 WHERE ready_at > $1 AND ready_at < $2 \
        AND (state <> 'waiting' OR reminder = '')";
    const HELD: &str = "UPDATE cal_deliveries SET held_until = $1 \
        WHERE decision = 'early' AND held_until > $1";
    let mark = conn.fetch::<(Option<i64>,)>(MARK, &[]).await?;
    let mark = Micros(mark.first().and_then(|(at,)| *at).unwrap_or_default());
    let now = clock.now();
    if mark <= now.after(AHEAD) {
        clock.go_on_at(mark);
        return Ok(());
    }
    quietly(|| tracing::warn!("the clock is more than a day behind what the store was kept by"));
    conn.execute(TASKS, &[Arg::Int(now.0), Arg::Int(UNREMINDED)]).await?;
    conn.execute(HELD, &[Arg::Int(now.0)]).await.map(drop)
}
