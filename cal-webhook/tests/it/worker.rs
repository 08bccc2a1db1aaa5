//! The worker runs every task once, whatever the store and the hooks do meanwhile.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cal_webhook::{
    Hook, HookError, MemoryStore, Receiver, Reminder, Settlement, Store, TaskRecord, TaskState,
    Verifier,
};
use chrono::TimeDelta;
use serde_json::json;
use tokio::{
    sync::{Barrier, mpsc},
    time::{Instant, sleep, timeout},
};

use crate::{
    bodies::{SECRET, arrival, booking},
    faulty::{Fault, Faulty},
};

const SECOND: Duration = Duration::from_secs(1);

/// Longer than anything here takes, so that a test that waits in vain fails.
const HOUR: Duration = Duration::from_secs(60 * 60);

fn receiver(store: impl Store, hooks: impl IntoIterator<Item = Hook>) -> Receiver {
    let builder = Receiver::builder(Verifier::new(SECRET).unwrap()).store(store);
    hooks.into_iter().fold(builder, |builder, hook| builder.hook(hook)).build().unwrap()
}

/// Stores a booking with this uid.
async fn book(receiver: &Receiver, uid: impl ToString) {
    let body = booking("BOOKING_CREATED", json!({"uid": uid.to_string()}));
    receiver.accept(arrival(&body)).await.unwrap();
}

async fn idle(store: &MemoryStore) {
    timeout(HOUR, store.idle()).await.expect("a task was forgotten");
}

fn only_task(store: &MemoryStore) -> TaskRecord {
    let mut tasks = store.tasks(2, None);
    assert_eq!(tasks.len(), 1);
    tasks.remove(0)
}

/// Counts, and says how high it got.
#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn up(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Sends the time when it is dropped.
struct Dropped(mpsc::UnboundedSender<Instant>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.send(Instant::now()).ok();
    }
}

/// A hook that takes so long in its first attempt; counts the attempts, and tells when one is over.
fn slow(takes: Duration) -> (Hook, Count, mpsc::UnboundedReceiver<Instant>) {
    let (count, (over, overs)) = (Count::default(), mpsc::unbounded_channel());
    let attempts = count.clone();
    let hook = Hook::named("slow").timeout(HOUR).on_booked(move |cx, _| {
        let over = Dropped(over.clone());
        attempts.up();
        async move {
            if cx.attempt() == 1 {
                sleep(takes).await;
            }
            drop(over);
            Ok(())
        }
    });
    (hook, count, overs)
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_takes_longer_than_the_lease_is_not_claimed_twice() {
    let (hook, attempts, _) = slow(200 * SECOND);
    let store = MemoryStore::new();
    let receiver = receiver(store.clone(), [hook]);
    book(&receiver, 1).await;
    idle(&store).await;
    let task = only_task(&store);
    assert_eq!((task.state, task.attempts, attempts.get()), (TaskState::Done, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_hook_whose_claim_is_lost_is_stopped_and_not_settled() {
    let (hook, attempts, mut overs) = slow(200 * SECOND);
    let store = Faulty::default();
    store.breaks("renewed", Fault::Fails);
    let receiver = receiver(store.clone(), [hook]);
    let started = Instant::now();
    book(&receiver, 1).await;
    let stopped = overs.recv().await.unwrap() - started;
    assert!(stopped < 7 * SECOND, "{stopped:?}");
    assert!(store.settled().is_empty());
    store.comes_back();
    idle(&store.store).await;
    assert_eq!((store.settled(), attempts.get()), (vec![(2, Settlement::Done)], 2));
}

#[tokio::test(start_paused = true)]
async fn a_hook_is_stopped_when_its_claim_must_have_run_out() {
    let (hook, _, mut overs) = slow(HOUR);
    let store = Faulty::default();
    let receiver = receiver(store.clone(), [hook]);
    let started = Instant::now();
    book(&receiver, 1).await;
    sleep(10 * SECOND).await;
    // The claims were renewed after a third of twenty seconds.
    store.goes_down();
    let stopped = (overs.recv().await.unwrap() - started).as_secs_f64();
    assert!((26.6..26.8).contains(&stopped), "{stopped} s");
    store.comes_back();
    idle(&store.store).await;
    assert_eq!(only_task(&store.store).attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_out_of_reach_for_a_while_stops_no_hook() {
    let (hook, attempts, _) = slow(60 * SECOND);
    let store = Faulty::default();
    let receiver = receiver(store.clone(), [hook]);
    book(&receiver, 1).await;
    for fault in [Fault::Fails, Fault::Hangs, Fault::Panics] {
        sleep(7 * SECOND).await;
        store.breaks("renew", fault);
        sleep(8 * SECOND).await;
        store.works("renew");
    }
    idle(&store.store).await;
    assert_eq!(attempts.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_succeeded_is_not_run_again_after_an_outage() {
    for outage in [SECOND, 15 * SECOND, 1000 * SECOND] {
        let (hook, attempts, _) = slow(SECOND);
        let store = Faulty::default();
        let receiver = receiver(store.clone(), [hook]);
        book(&receiver, 1).await;
        sleep(SECOND / 2).await;
        store.goes_down();
        sleep(outage).await;
        assert!(store.settled().is_empty());
        // Claims work before settlements do.
        store.comes_back();
        store.breaks("settle", Fault::Fails);
        sleep(SECOND * 9 / 10).await;
        store.works("settle");
        let back = Instant::now();
        idle(&store.store).await;
        assert!(back.elapsed() <= SECOND, "{:?}", back.elapsed());
        assert_eq!((store.settled(), attempts.get()), (vec![(1, Settlement::Done)], 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_settlement_that_the_store_never_takes_gives_the_task_free() {
    let (hook, attempts, _) = slow(SECOND);
    let store = Faulty::default();
    store.breaks("settle", Fault::Fails);
    let receiver = receiver(store.clone(), [hook]);
    book(&receiver, 1).await;
    sleep(60 * SECOND).await;
    assert!((2..5).contains(&attempts.get()), "{}", attempts.get());
}

#[tokio::test(start_paused = true)]
async fn no_more_tasks_of_a_hook_run_than_it_allows() {
    let (running, most) = (Count::default(), Count::default());
    let highest = most.clone();
    let hook = Hook::named("crm").concurrency(3).on_booked(move |_, _| {
        let (running, highest) = (running.clone(), highest.clone());
        async move {
            highest.0.fetch_max(running.up(), Ordering::SeqCst);
            sleep(SECOND).await;
            running.0.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        }
    });
    let store = MemoryStore::new();
    let receiver = receiver(store.clone(), [hook]);
    let started = Instant::now();
    for number in 0..30 {
        book(&receiver, number).await;
    }
    idle(&store).await;
    assert_eq!(most.get(), 3);
    // Ten rounds: a backlog drains at the rate that the limit allows, and no slower.
    assert_eq!(started.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_hangs_delays_no_other() {
    let (seen, mut sees) = mpsc::unbounded_channel();
    let works = Hook::named("works").concurrency(1).on_booked(move |_, _| {
        let sent = seen.send(());
        async move { Ok(sent?) }
    });
    let hangs = Hook::named("hangs").concurrency(1).on_booked(|_, _| pending());
    let receiver = receiver(MemoryStore::new(), [hangs, works]);
    let started = Instant::now();
    for number in 0..50 {
        book(&receiver, number).await;
    }
    for _ in 0..50 {
        sees.recv().await.unwrap();
    }
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn hooks_with_much_to_do_take_turns() {
    let store = Faulty::default();
    let (seen, mut sees) = mpsc::unbounded_channel();
    let hooks = ["first", "second", "third"].map(|name| {
        let seen = seen.clone();
        Hook::named(name).concurrency(1).on_booked(move |_, _| {
            let sent = seen.send(name);
            async move { Ok(sent?) }
        })
    });
    let receiver = receiver(store.clone(), hooks);
    store.breaks("claim", Fault::Slow(SECOND));
    for number in 0..20 {
        book(&receiver, number).await;
    }
    idle(&store.store).await;
    let order: Vec<_> = std::iter::from_fn(|| sees.try_recv().ok()).collect();
    for turns in order.chunks(3) {
        assert!(["first", "second", "third"].iter().all(|name| turns.contains(name)), "{order:?}");
    }
}

#[tokio::test]
async fn tasks_are_settled_side_by_side() {
    let store = Faulty::default();
    store.breaks("settle", Fault::Waits(Arc::new(Barrier::new(16))));
    let receiver = receiver(store.clone(), [Hook::named("quick")]);
    for number in 0..32 {
        book(&receiver, number).await;
    }
    idle(&store.store).await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_hangs_delays_no_task() {
    let store = Faulty::default();
    let (seen, mut sees) = mpsc::unbounded_channel();
    let hook = Hook::named("fails").on_booked(move |cx, _| {
        seen.send((cx.attempt(), Instant::now())).unwrap();
        async { Err(HookError::transient("503")) }
    });
    let receiver = receiver(store.clone(), [hook]);
    book(&receiver, 1).await;
    let (_, first) = sees.recv().await.unwrap();
    store.breaks("plan", Fault::Hangs);
    book(&receiver, 2).await;
    let (attempt, second) = sees.recv().await.unwrap();
    assert_eq!(attempt, 2);
    assert!(second - first < 7 * SECOND, "{:?}", second - first);
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_hangs_delays_no_plan() {
    let store = Faulty::default();
    let receiver = receiver(store.clone(), [Hook::named("quick")]);
    book(&receiver, 1).await;
    idle(&store.store).await;
    store.breaks("claim", Fault::Hangs);
    for number in 2..5 {
        book(&receiver, number).await;
        sleep(2 * SECOND).await;
    }
    assert_eq!(store.store.tasks(10, None).len(), 4);
    // Nobody waits for that claim for ever.
    store.works("claim");
    idle(&store.store).await;
}

#[tokio::test(start_paused = true)]
async fn the_worker_survives_a_store_that_panics() {
    for method in ["plan", "claim", "settle", "wake"] {
        let store = Faulty::default();
        store.breaks(method, Fault::Panics);
        let receiver = receiver(store.clone(), [Hook::named("quick")]);
        book(&receiver, 1).await;
        sleep(5 * SECOND).await;
        store.comes_back();
        let back = Instant::now();
        book(&receiver, 2).await;
        idle(&store.store).await;
        assert!(back.elapsed() <= SECOND, "{method}: {:?}", back.elapsed());
    }
}

/// Stores bookings at random moments, and fails when one of them waits for long.
async fn wakes_for_all(bookings: usize, patience: Duration, random: &mut fastrand::Rng) {
    let store = MemoryStore::new();
    let (seen, mut sees) = mpsc::unbounded_channel();
    let hook = |name: &str, concurrency, millis: u64| {
        let seen = seen.clone();
        let name = format!("{name}{millis}");
        Hook::named(name).concurrency(concurrency).on_booked(move |_, _| {
            let seen = seen.clone();
            async move {
                sleep(Duration::from_millis(millis)).await;
                Ok(seen.send(())?)
            }
        })
    };
    let hooks = [hook("a", 1, 0), hook("b", 2, 1), hook("c", 64, random.u64(0..50))];
    let receiver = receiver(store.clone(), hooks);
    for number in 0..bookings {
        book(&receiver, number).await;
        match random.u64(0..8) {
            0 => sleep(Duration::from_millis(random.u64(0..80))).await,
            1 => tokio::task::yield_now().await,
            _ => {}
        }
    }
    for _ in 0..bookings * 3 {
        timeout(patience, sees.recv()).await.expect("a wake-up was lost");
    }
    idle(&store).await;
}

#[tokio::test(start_paused = true)]
async fn no_wake_up_is_lost_in_any_order() {
    // This time goes by only while all rest: what the worker looks for after a second is too late.
    let patience = SECOND * 9 / 10;
    for seed in 0..u64::from(cal_testing::times(8)) {
        wakes_for_all(60, patience, &mut fastrand::Rng::with_seed(seed)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_wake_up_is_lost_between_threads() {
    for seed in 0..2 {
        wakes_for_all(200, 60 * SECOND, &mut fastrand::Rng::with_seed(seed)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_process_left_goes_on_at_the_start() {
    let store = MemoryStore::new();
    book(&receiver(store.clone(), [Hook::named("crm").on_booked(|_, _| pending())]), 1).await;
    let receiver = receiver(store.clone(), [Hook::named("crm")]);
    receiver.start();
    receiver.start();
    idle(&store).await;
    assert_eq!(only_task(&store).state, TaskState::Done);
}

#[tokio::test(start_paused = true)]
async fn a_reminder_that_was_just_planned_is_heard_of_while_its_hook_still_works() {
    let (seen, mut sees) = mpsc::unbounded_channel();
    let due_at = arrival("{}").received_at() + TimeDelta::seconds(60);
    let hook = Hook::named("mail")
        .timeout(HOUR)
        .reminders(move |_, _| vec![Reminder::new("soon", due_at)])
        .on_booked(|_, _| async {
            sleep(200 * SECOND).await;
            Ok(())
        })
        .on_reminder(move |cx, name| {
            let sent = seen.send((name, cx.booking().map(|booking| booking.title.clone())));
            async move { Ok(sent?) }
        });
    // The store is asked when the next task is due before the plan makes one.
    let store = Faulty::default();
    store.breaks("plan", Fault::Slow(SECOND));
    let receiver = receiver(store, [hook]);
    receiver.start();
    sleep(5 * SECOND).await;
    let started = Instant::now();
    book(&receiver, 1).await;
    let reminded = sees.recv().await.unwrap();
    assert_eq!(reminded, ("soon".to_owned(), Some("Strategy hour".to_owned())));
    assert!(started.elapsed() <= 61 * SECOND, "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_place_that_becomes_free_is_taken_without_news_from_the_store() {
    let store = Faulty::default();
    for number in 0..5 {
        let body = booking("BOOKING_CREATED", json!({"uid": number.to_string()}));
        store.accept(arrival(&body)).await.unwrap();
    }
    store.breaks("wake", Fault::Hangs);
    let receiver = receiver(store.clone(), [Hook::named("crm").concurrency(1)]);
    receiver.start();
    idle(&store.store).await;
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_lets_running_hooks_end_and_starts_no_other() {
    let (hook, attempts, _) = slow(25 * SECOND);
    let store = MemoryStore::new();
    let receiver = receiver(store.clone(), [hook.concurrency(1)]);
    book(&receiver, 1).await;
    book(&receiver, 2).await;
    sleep(SECOND).await;
    let asked = Instant::now();
    receiver.shutdown(60 * SECOND).await;
    assert_eq!(asked.elapsed().as_secs(), 24);
    receiver.start();
    book(&receiver, 3).await;
    sleep(60 * SECOND).await;
    let states: Vec<_> = store.tasks(10, None).into_iter().map(|task| task.state).collect();
    assert_eq!((states, attempts.get()), (vec![TaskState::Waiting, TaskState::Done], 1));
    assert_eq!(store.deliveries(10, None).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_releases_what_still_runs_after_the_grace_time() {
    let (hook, _, mut overs) = slow(HOUR);
    let store = Faulty::default();
    let receiver = receiver(store.clone(), [hook]);
    book(&receiver, 1).await;
    sleep(SECOND).await;
    let asked = Instant::now();
    // The shorter of two grace times counts.
    tokio::join!(receiver.shutdown(HOUR), receiver.shutdown(10 * SECOND));
    assert_eq!(asked.elapsed().as_secs(), 10);
    overs.try_recv().unwrap();
    assert_eq!(store.settled(), [(1, Settlement::Released)]);
    assert!(matches!(only_task(&store.store).state, TaskState::Retry | TaskState::Waiting));

    // The next process has it at once, without waiting for a lease.
    let next = self::receiver(store.clone(), [Hook::named("slow")]);
    next.start();
    timeout(SECOND, store.store.idle()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_releases_what_is_being_claimed() {
    let (hook, attempts, _) = slow(SECOND);
    let store = Faulty::default();
    let receiver = receiver(store.clone(), [hook]);
    store.breaks("claim", Fault::Slow(SECOND));
    book(&receiver, 1).await;
    sleep(SECOND / 2).await;
    receiver.shutdown(HOUR).await;
    assert_eq!((store.settled(), attempts.get()), (vec![(1, Settlement::Released)], 0));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_although_the_store_is_out_of_reach() {
    for fault in [Fault::Fails, Fault::Hangs] {
        let (hook, ..) = slow(HOUR);
        let store = Faulty::default();
        let receiver = receiver(store.clone(), [hook]);
        book(&receiver, 1).await;
        sleep(SECOND).await;
        store.breaks("settle", fault);
        let asked = Instant::now();
        receiver.shutdown(3 * SECOND).await;
        assert!(asked.elapsed() <= 8 * SECOND, "{:?}", asked.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_without_work_is_over_at_once() {
    let store = MemoryStore::new();
    let receiver = receiver(store.clone(), [Hook::named("quick")]);
    let started = Instant::now();
    receiver.clone().shutdown(HOUR).await;
    let receiver = self::receiver(store.clone(), [Hook::named("quick")]);
    book(&receiver, 1).await;
    idle(&store).await;
    receiver.shutdown(HOUR).await;
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_panics_starts_again_without_a_delivery() {
    let (store, count) = (Faulty::default(), Count::default());
    let counted = count.clone();
    let hook = Hook::named("mail").on_booked(move |_, _| {
        counted.up();
        async { Ok(()) }
    });
    let receiver = receiver(store.clone(), [hook]);
    assert!(!receiver.is_working());
    // The worker gives up a claim that takes too long, and that takes the worker with it.
    store.breaks("claim", Fault::PanicsLate);
    book(&receiver, 1).await;
    sleep(SECOND).await;
    assert!(receiver.is_working());
    store.works("claim");
    idle(&store.store).await;
    assert_eq!(count.get(), 1);
    timeout(HOUR, async {
        while !receiver.is_working() {
            sleep(SECOND).await;
        }
    })
    .await
    .expect("the worker did not start again");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_goes_on_panicking_stops_all_the_same() {
    let store = Faulty::default();
    let receiver = receiver(store.clone(), [Hook::named("mail")]);
    store.breaks("claim", Fault::PanicsLate);
    book(&receiver, 1).await;
    for grace in [SECOND * 90, Duration::ZERO] {
        let stopped = timeout(HOUR, receiver.shutdown(grace)).await;
        stopped.expect("the worker did not stop");
    }
    assert!(!receiver.is_working());
}
