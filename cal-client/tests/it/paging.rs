//! Lists: from page to page, and no further than they go.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use cal_client::{Error, managed_orgs::ManagedOrg};
use futures_util::TryStreamExt as _;

use crate::server::{Reply, Seen, Server};

/// A page of organizations with these numbers.
fn items(numbers: impl IntoIterator<Item = usize>) -> String {
    let items: Vec<_> = numbers.into_iter().map(|number| format!(r#"{{"id":{number}}}"#)).collect();
    format!("[{}]", items.join(","))
}

fn page(items: &str, has_next: bool) -> Reply {
    let pagination = format!(r#"{{"hasNextPage":{has_next},"totalItems":99}}"#);
    Reply::json(200, &format!(r#"{{"status":"success","data":{items},"pagination":{pagination}}}"#))
}

/// Reads a parameter that counts.
fn number(seen: &Seen, name: &str) -> usize {
    seen.query(name).map_or(0, |number| number.parse().unwrap())
}

/// Takes all organizations in pages of five.
async fn all(server: &Server) -> Result<Vec<i64>, Error> {
    let list = server.client().org(1).organizations().list().take(5);
    Ok(list.all().await?.iter().map(|item| item.id.0).collect())
}

#[tokio::test]
async fn a_page_asks_for_no_more_than_was_said() {
    let server = Server::start(|_| page("[]", false)).await;
    let list = || server.client().org(1).organizations().list();
    list().await.unwrap();
    list().take(3).skip(2).slug("acme").await.unwrap();
    let queries: Vec<_> = server.seen().iter().map(|seen| format!("{:?}", seen.query)).collect();
    let second = r#"[("slug", "acme"), ("take", "3"), ("skip", "2")]"#;
    assert_eq!(queries, ["[]", second]);
}

#[tokio::test]
async fn what_the_server_says_about_pages_leads_to_the_end() {
    let total = Arc::new(AtomicUsize::new(12));
    let server = Server::start(move |seen| {
        // The list grows by one with each page.
        let total = total.fetch_add(1, Ordering::Relaxed);
        let (skip, take) = (number(seen, "skip"), number(seen, "take"));
        page(&items(skip..total.min(skip + take)), skip + take < total)
    })
    .await;
    assert_eq!(all(&server).await.unwrap(), Vec::from_iter(0..14));
    let skips: Vec<_> = server.seen().iter().map(|seen| number(seen, "skip")).collect();
    assert_eq!(skips, [0, 5, 10]);
}

#[tokio::test]
async fn without_that_a_page_that_is_not_full_is_the_last() {
    for total in [0, 4, 5, 12, 15] {
        let server = Server::start(move |seen| {
            let (skip, take) = (number(seen, "skip"), number(seen, "take"));
            Reply::data(&items(skip.min(total)..total.min(skip + take)))
        })
        .await;
        assert_eq!(all(&server).await.unwrap().len(), total);
        assert_eq!(server.seen().len(), total / 5 + 1);
    }
}

#[tokio::test]
async fn a_page_that_comes_again_is_the_end() {
    let whole = Server::start(|_| Reply::data(&items(0..7))).await;
    let said = Server::start(|_| page(&items(0..5), true)).await;
    for (server, count) in [(whole, 7), (said, 5)] {
        assert_eq!(all(&server).await.unwrap(), Vec::from_iter(0..count));
        assert_eq!(server.seen().len(), 2);
    }
}

#[tokio::test]
async fn an_empty_page_is_the_end_whatever_is_said() {
    let server = Server::start(|_| page("[]", true)).await;
    assert!(all(&server).await.unwrap().is_empty());
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_failure_ends_the_stream_after_what_came_before() {
    let server = Server::start(|seen| match number(seen, "skip") {
        0 => page(&items(0..5), true),
        _ => Reply::json(403, "{}"),
    })
    .await;
    let list = server.client().org(1).organizations().list().take(5);
    let mut stream = std::pin::pin!(list.stream());
    for _ in 0..5 {
        assert!(matches!(stream.try_next().await, Ok(Some(ManagedOrg { .. }))));
    }
    assert_eq!(stream.try_next().await.unwrap_err().status(), Some(403));
    assert!(stream.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn users_are_listed_as_far_as_the_server_goes() {
    let server = Server::start(|seen| {
        let (offset, limit) = (number(seen, "offset"), number(seen, "limit"));
        Reply::data(&items(offset..offset + limit))
    })
    .await;
    let users = server.client().platform("a-client").managed_users().list().all().await.unwrap();
    assert_eq!(users.len(), 500);
    let queries: Vec<_> = server.seen().iter().map(|seen| format!("{:?}", seen.query)).collect();
    let second = r#"[("limit", "250"), ("offset", "250")]"#;
    assert_eq!(queries, [r#"[("limit", "250")]"#, second]);
}

#[tokio::test]
async fn counts_that_are_none_do_not_lose_the_page() {
    let server = Server::start(|_| {
        Reply::json(
            200,
            r#"{"status":"success","data":[{"id":1}],"pagination":
                {"remainingItems":-4,"totalItems":null,"currentPage":1.5,"itemsPerPage":1e30,
                "hasNextPage":null,"returnedItems":1}}"#,
        )
    })
    .await;
    let page = server.client().org(1).organizations().list().await.unwrap();
    let pagination = page.pagination.as_ref().unwrap();
    assert_eq!((pagination.remaining_items, pagination.returned_items), (0, 1));
    assert_eq!(page.into_iter().count(), 1);
}
