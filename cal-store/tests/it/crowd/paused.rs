//! A process that stood still for longer than its lease.

use cal_webhook::{Dispatcher, Hook, Task};

use super::*;

/// Claims a task as soon as one can be claimed.
async fn claimed(store: &SqlStore, lease: Duration) -> Task {
    let claiming = async {
        loop {
            if let Some(task) = store.claim(&[(HOOK, 1)], lease).await.unwrap().pop() {
                return task;
            }
            store.wake(&[HOOK]).await;
        }
    };
    time::timeout(PATIENCE, claiming).await.expect("the lease does not end")
}

#[tokio::test]
async fn a_process_that_stood_still_past_its_lease_writes_nothing() {
    for place in Place::each().await {
        let store = place.store().await;
        make_notes(&place).await;
        store.accept(arrival(&event(1, 0))).await.unwrap();
        let hooks = Dispatcher::new().hook(Hook::named(HOOK));
        assert_eq!(store.plan(&hooks).await.unwrap(), 1);

        let mut slow = Process::start("pause", &place.url);
        assert_eq!(slow.says().await, "claimed");
        slow.pause().await;
        // It will find this when it goes on, and act at once.
        slow.tell("go on").await;
        let task = claimed(&store, PATIENCE).await;
        assert_eq!((task.attempt, task.fence), (2, 2));
        slow.resume();
        assert_eq!(slow.says().await, "settled: false, completed: false, renewed: 0");
        assert!(notes(&place).await.is_empty());

        assert!(complete(&store, &task, "the next").await);
        assert!(store.settle(&task, cal_webhook::Settlement::Done).await.unwrap());
        assert_eq!(notes(&place).await, ["the next"]);
        let tasks = store.tasks(10, None).await.unwrap();
        assert_eq!((tasks.len(), tasks[0].attempts), (1, 2));
        slow.end().await;
        store.close().await;
        place.clear().await;
    }
}

/// What the other process does.
pub(super) async fn pause(store: &SqlStore) {
    use super::worker::{heard, say};
    let lease = Duration::from_secs(1);
    let task = claimed(store, lease).await;
    say("claimed");
    assert!(heard().await, "nobody said to go on");
    let settled = store.settle(&task, cal_webhook::Settlement::Done).await.unwrap();
    let completed = complete(store, &task, "the late").await;
    let renewed = store.renew(&[task.into()], lease).await.unwrap().len();
    say(&format!("settled: {settled}, completed: {completed}, renewed: {renewed}"));
}
