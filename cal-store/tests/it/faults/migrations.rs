//! The tables are made by several at once, or were made by a later version.

use cal_store::OpenError;
use futures_util::future::join_all;

use super::*;

/// Pretends that a later version has changed the tables.
const LATER: &str = "INSERT INTO cal_migrations \
        (version, description, installed_on, success, checksum, execution_time) \
    SELECT 9000, 'later', installed_on, success, checksum, 0 FROM cal_migrations WHERE version = 1";

#[tokio::test]
async fn the_tables_are_made_once_by_those_who_open_the_store_at_the_same_time() {
    for place in Place::each().await {
        let stores = join_all((0..8).map(|_| place.store())).await;
        for (number, store) in stores.iter().enumerate() {
            store.ready().await.unwrap();
            stored(post(&intake(store).await, &body(&number.to_string())).await);
        }
        let made = "SELECT CAST(version AS TEXT), description FROM cal_migrations";
        let versions = pairs(&place, made).await;
        assert_eq!(versions.first().map(|(version, _)| version.as_str()), Some("1"));
        assert_eq!(stores[0].deliveries(10, None).await.unwrap().len(), stores.len());
        join_all(stores.iter().map(SqlStore::close)).await;
        place.clear().await;
    }
}

#[tokio::test]
async fn tables_of_a_later_version_are_refused() {
    for place in Place::each().await {
        place.store().await.close().await;
        by_hand(&place, LATER).await;
        let error = SqlStore::open(&place.url).await.unwrap_err();
        assert!(matches!(error, OpenError::Newer { found: 9000, .. }), "{error:?}");
        place.clear().await;
    }
}

#[tokio::test]
async fn tables_of_a_later_version_that_says_so_are_used() {
    for place in Place::each().await {
        place.store().await.close().await;
        by_hand(&place, LATER).await;
        by_hand(&place, "INSERT INTO cal_builds (migration, oldest) VALUES (9000, 5)").await;
        let store = place.store().await;
        stored(post(&intake(&store).await, &body("first")).await);
        store.close().await;
        by_hand(&place, "UPDATE cal_builds SET oldest = 9000 WHERE migration = 9000").await;
        let error = SqlStore::open(&place.url).await.unwrap_err();
        assert!(matches!(error, OpenError::Newer { found: 9000, .. }), "{error:?}");
        place.clear().await;
    }
}
