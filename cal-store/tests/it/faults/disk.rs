//! SQLite's disk is full, or cannot be written to.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use cal_webhook::{Dispatcher, Settlement};
use futures_util::future::join_all;

use super::*;

/// A small disk in memory that ends with the test.
struct Disk(PathBuf);

impl Disk {
    /// Mounts a disk of this size, where that is allowed.
    fn mount(size: &str) -> Option<Self> {
        let name = format!("calcom_disk_{}_{:08x}", std::process::id(), fastrand::u32(..));
        let folder = env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        let size = format!("size={size},mode=0700");
        if ran("mount", ["-t", "tmpfs", "-o", &size, "calcom"], &folder) {
            return Some(Self(folder));
        }
        fs::remove_dir(&folder).unwrap();
        cal_testing::skip("no disk can be mounted here, which takes root, so none gets full");
        None
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.0.join("test.db").display())
    }

    fn remount(&self, how: &str) {
        assert!(ran("mount", ["-o", &format!("remount,{how}")], &self.0), "no remount {how}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        ran("umount", ["--lazy"], &self.0);
        let _ = fs::remove_dir(&self.0);
    }
}

fn ran<'a>(program: &str, args: impl IntoIterator<Item = &'a str>, folder: &Path) -> bool {
    let output = Command::new(program).args(args).arg(folder).output();
    output.is_ok_and(|output| output.status.success())
}

/// A booking of this length.
fn long(uid: usize, length: usize) -> String {
    let notes = "n".repeat(length);
    let members = json!({"uid": uid.to_string(), "bookingId": null, "additionalNotes": notes});
    booking("BOOKING_CREATED", members)
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_is_used_again_when_there_is_space() {
    const CLAIMED: usize = 100;
    let Some(disk) = Disk::mount("32m") else { return };
    let ballast = disk.0.join("ballast");
    fs::write(&ballast, vec![1; 24 * 1024 * 1024]).unwrap();
    let store = SqlStore::open(&disk.url()).await.unwrap();
    let (intake, hooks) = (intake(&store).await, Dispatcher::new().hook(Hook::named(HOOK)));
    let batch = |first| {
        let bodies = (first..first + CLAIMED).map(|uid| long(uid, 0));
        join_all(bodies.map(async |body| stored(post(&intake, &body).await)))
    };
    let mut kept = batch(0).await;
    assert_eq!(store.plan(&hooks).await.unwrap(), CLAIMED);
    let claimed = store.claim(&[(HOOK, CLAIMED)], PATIENCE).await.unwrap();
    assert_eq!(claimed.len(), CLAIMED);
    // These wait to be planned.
    kept.extend(batch(CLAIMED).await);
    store.ready().await.unwrap();
    for length in [50_000, 0] {
        loop {
            let reply = post(&intake, &long(kept.len(), length)).await;
            if reply.status() != 200 {
                assert!(is_refused(&reply), "{reply:?}");
                break;
            }
            kept.push(stored(reply));
        }
    }

    // Nothing that takes space is possible now.
    let more: Vec<String> = (0..10).map(|number| long(1_000_000 + number, 50_000)).collect();
    let replies = join_all(more.iter().map(|body| post(&intake, body))).await;
    assert!(replies.iter().all(is_refused), "{replies:?}");
    assert!(store.plan(&hooks).await.is_err());
    let settle = || join_all(claimed.iter().map(|task| store.settle(task, Settlement::Done)));
    assert!(settle().await.iter().all(Result::is_err));
    assert!(store.ready().await.is_err());
    assert_eq!(store.deliveries(100_000, None).await.unwrap().len(), kept.len());

    fs::remove_file(&ballast).unwrap();
    store.ready().await.unwrap();
    for body in &more {
        kept.push(stored(post(&intake, body).await));
    }
    assert!(settle().await.into_iter().all(Result::unwrap));
    let (receiver, mut runs) = receiver(&store);
    receiver.start();
    let mut ran = heard(&mut runs, kept.len() - CLAIMED).await;
    receiver.shutdown(PATIENCE).await;
    assert!(runs.try_recv().is_err(), "a task ran twice");
    ran.extend(claimed.iter().map(|task| task.delivery_id));
    let once = |mut ids: Vec<DeliveryId>| {
        ids.sort();
        ids
    };
    assert_eq!(once(ran), once(kept.clone()));
    assert_kept_and_done(&store, kept).await;
    store.close().await;
    let mut conn = SqliteConnection::connect(&disk.url()).await.unwrap();
    let whole: String =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut conn).await.unwrap();
    assert_eq!(whole, "ok");
    conn.close().await.unwrap();
}

#[tokio::test]
async fn a_disk_that_cannot_be_written_to_refuses_until_it_can() {
    let Some(disk) = Disk::mount("4m") else { return };
    let store = SqlStore::open(&disk.url()).await.unwrap();
    let first = stored(post(&intake(&store).await, &body("first")).await);
    store.close().await;
    // It cannot change while the file is open for writing.
    disk.remount("ro");

    let store = SqlStore::open(&disk.url()).await.unwrap();
    let (receiver, mut runs) = receiver(&store);
    for _ in 0..3 {
        assert!(is_refused(&post(&receiver, &body("second")).await));
        assert!(store.ready().await.is_err());
    }
    disk.remount("rw");
    store.ready().await.unwrap();
    let second = stored(post(&receiver, &body("second")).await);
    heard(&mut runs, 2).await;
    receiver.shutdown(PATIENCE).await;
    assert!(runs.try_recv().is_err(), "a task ran twice");
    assert_kept_and_done(&store, vec![first, second]).await;
    store.close().await;
}
