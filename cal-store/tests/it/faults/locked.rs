//! SQLite's file cannot be used for a while.

use std::fs;

use futures_util::future::join_all;
use tokio::join;

use super::*;

#[tokio::test]
async fn a_locked_file_refuses_deliveries_until_it_is_free() {
    let place = Place::sqlite();
    let store = place.store().await;
    let (receiver, mut runs) = receiver(&store);
    let mut other = SqliteConnection::connect(&place.url).await.unwrap();
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let bodies: Vec<String> = (0..5).map(|number| body(&format!("b{number}"))).collect();
    let posts = || join_all(bodies.iter().map(|body| post(&receiver, body)));
    let (replies, ready) = join!(posts(), store.ready());
    assert!(replies.iter().all(is_refused), "{replies:?}");
    assert!(ready.is_err());
    lock.rollback().await.unwrap();

    // One whose sender was told to come again may have been stored in the end.
    let kept = join_all(bodies.iter().map(|body| sent(&receiver, body))).await;
    is_ready(&store).await;
    heard(&mut runs, kept.len()).await;
    receiver.shutdown(PATIENCE).await;
    assert!(runs.try_recv().is_err(), "a task ran twice");
    assert_kept_and_done(&store, kept).await;
}

#[tokio::test]
async fn a_folder_that_is_made_later_is_used_without_opening_the_store_again() {
    let place = Place::sqlite();
    let file = place.url.strip_prefix("sqlite://").unwrap();
    let folder = std::path::Path::new(file).with_file_name("later");
    let url = format!("sqlite://{}", folder.join("test.db").display());
    let store = SqlStore::open(&url).await.unwrap();
    let (receiver, mut runs) = receiver(&store);
    assert!(is_refused(&post(&receiver, &body("early")).await));
    assert!(store.ready().await.is_err());
    assert!(store.deliveries(1, None).await.is_err());
    assert!(!folder.exists(), "a folder that was named wrongly must not come into being");

    fs::create_dir(&folder).unwrap();
    store.ready().await.unwrap();
    let kept = stored(post(&receiver, &body("early")).await);
    heard(&mut runs, 1).await;
    receiver.shutdown(PATIENCE).await;
    assert_kept_and_done(&store, vec![kept]).await;
}
