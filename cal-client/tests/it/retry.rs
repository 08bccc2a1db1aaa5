//! What is sent again, and what is not.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use cal_client::{
    Client, Error, RetryPolicy, calendars::CalendarIntegration,
    destination_calendars::UpdateDestinationCalendar, me::UpdateProfile,
    oauth_clients::NewOAuthClient,
};
use reqwest::dns::{Name, Resolve, Resolving};

use crate::{
    clock::Clock,
    journal::Journal,
    server::{Reply, Seen, Server},
};

const METHODS: [&str; 5] = ["GET", "DELETE", "PUT", "POST", "PATCH"];

/// Sends a request with this method.
async fn call(client: &Client, method: &str) -> Result<(), Error> {
    match method {
        "GET" => client.me().get().await.map(drop),
        "DELETE" => client.platform("a-client").managed_users().delete(1).await.map(drop),
        "POST" => {
            let new = NewOAuthClient::new("An app", Vec::new(), Vec::new());
            client.oauth_clients().create(&new).await.map(drop)
        }
        "PUT" => {
            let calendar = UpdateDestinationCalendar::new(CalendarIntegration::Google, "ann");
            client.destination_calendars().update(&calendar).await.map(drop)
        }
        "PATCH" => client.me().update(&UpdateProfile::new()).await.map(drop),
        _ => panic!("there is no call with {method}"),
    }
}

/// What all of these calls take for an answer.
fn success() -> Reply {
    Reply::data(r#"{"id":1,"email":"ann@example.org","clientId":"a","clientSecret":"b"}"#)
}

/// Two retries with next to no time between them.
fn quick() -> RetryPolicy {
    RetryPolicy::default().retries(2).first(Duration::from_millis(1))
}

/// A server that fails so many times.
async fn failing(times: usize, failure: Reply) -> Server {
    let left = AtomicUsize::new(times);
    let take =
        move || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
    let script = move |_: &Seen| if take().is_ok() { failure.clone() } else { success() };
    Server::start(script).await
}

async fn client(server: &Server, policy: RetryPolicy) -> Client {
    server.builder().retry(policy).build().unwrap()
}

/// A 429 with such seconds left.
fn limited(resets: &[(&str, &str)]) -> Reply {
    let reply = Reply::json(429, r#"{"status":"error","error":{"code":"ThrottlerException"}}"#);
    resets.iter().fold(reply, |reply, (name, seconds)| reply.header(name, seconds))
}

#[tokio::test]
async fn after_too_many_requests_every_method_is_sent_again() {
    for method in METHODS {
        let server = failing(2, limited(&[("X-RateLimit-Reset-Default", "0")])).await;
        call(&client(&server, quick()).await, method).await.unwrap();
        let seen = server.seen();
        assert_eq!(seen.len(), 3, "{method}");
        assert!(seen.iter().all(|it| it.method == method && it.body == seen[0].body));
    }
}

#[tokio::test]
async fn the_wait_is_the_longest_that_is_named() {
    let server = failing(
        1,
        limited(&[
            ("X-RateLimit-Reset-Default", "3"),
            ("X-RateLimit-Reset-Long", " 17"),
            ("X-RateLimit-Reset-Wrong", "soon"),
            ("X-RateLimit-Limit-Default", "120"),
            ("Retry-After", "5"),
        ]),
    )
    .await;
    let error = call(&client(&server, RetryPolicy::never()).await, "GET").await.unwrap_err();
    assert!(error.is_rate_limited());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(17)));
    // Every answer has these headers; they mean nothing as long as there is no 429.
    let server = failing(1, Reply::json(404, "{}").header("X-RateLimit-Reset-Default", "60")).await;
    let error = call(&client(&server, quick()).await, "GET").await.unwrap_err();
    assert_eq!(error.retry_after(), None);
}

#[tokio::test]
async fn the_wait_is_waited() {
    let server = failing(1, limited(&[("X-RateLimit-Reset-Default", "1")])).await;
    let start = Instant::now();
    call(&client(&server, quick()).await, "GET").await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_wait_that_would_end_after_the_deadline_is_not_begun() {
    for (reply, said) in [
        (limited(&[("X-RateLimit-Reset-Default", "60")]), Some(Duration::from_secs(60))),
        // Without a word it is as long as Cal.com blocks.
        (limited(&[]), None),
    ] {
        let server = failing(1, reply).await;
        let policy = quick().deadline(Duration::from_secs(59));
        let start = Instant::now();
        let error = call(&client(&server, policy).await, "GET").await.unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(30));
        assert_eq!((error.retry_after(), server.seen().len()), (said, 1));
    }
}

#[tokio::test]
async fn failures_on_the_way_are_repeated_where_that_does_no_harm() {
    let failures = [502, 503, 504].map(|status| Reply::json(status, "<html>"));
    for failure in failures.into_iter().chain([Reply::json(200, "{").cut()]) {
        for (method, tries) in METHODS.into_iter().zip([3, 3, 3, 1, 1]) {
            let server = failing(2, failure.clone()).await;
            let result = call(&client(&server, quick()).await, method).await;
            assert_eq!(result.is_ok(), tries == 3, "{method} {failure:?}: {result:?}");
            assert_eq!(server.seen().len(), tries, "{method} {failure:?}");
        }
    }
}

#[tokio::test]
async fn other_refusals_are_final() {
    for status in [400, 401, 403, 404, 409, 422, 498, 500, 501] {
        let server = failing(1, Reply::json(status, "{}")).await;
        let error = call(&client(&server, quick()).await, "GET").await.unwrap_err();
        assert_eq!((error.status(), server.seen().len()), (Some(status), 1));
    }
}

#[tokio::test]
async fn retries_end() {
    let server = failing(usize::MAX, Reply::json(503, "{}")).await;
    let error = call(&client(&server, quick()).await, "GET").await.unwrap_err();
    assert_eq!((error.status(), server.seen().len()), (Some(503), 3));
}

#[tokio::test]
async fn waits_double_up_to_the_longest_and_are_spread() {
    let clock = Clock::stopped();
    let mut journal = Journal::begin();
    let server = failing(usize::MAX, Reply::json(503, "{}")).await;
    let policy = RetryPolicy::default().retries(80).deadline(Duration::MAX);
    let client = client(&server, policy).await;
    let asking = tokio::spawn(async move { call(&client, "GET").await });
    let mut longest = Vec::new();
    for retry in 0..80 {
        let wait = seconds(&journal.told("wait").await);
        let whole = if retry < 6 { 0.5 * f64::from(1 << retry) } else { 20.0 };
        assert!((whole / 2.0..=whole).contains(&wait), "{retry}: {wait}");
        if retry >= 6 {
            longest.push(wait);
        }
        // Tokio rounds up to milliseconds.
        clock.advance(Duration::from_secs_f64(wait) + Duration::from_millis(1)).await;
    }
    assert_eq!(asking.await.unwrap().unwrap_err().status(), Some(503));
    assert_eq!(server.seen().len(), 81);
    longest.sort_by(f64::total_cmp);
    assert!(longest.first() < longest.last());
}

/// Reads a duration as `Debug` writes it.
fn seconds(duration: &str) -> f64 {
    let (number, unit) = match duration.strip_suffix("ms") {
        Some(number) => (number, 1000.0),
        None => (duration.strip_suffix('s').unwrap(), 1.0),
    };
    number.parse::<f64>().unwrap() / unit
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_left_alone_until_requests_succeed() {
    let is_well = Arc::new(AtomicBool::new(false));
    let health = Arc::clone(&is_well);
    let server = Server::start(move |_| match health.load(Ordering::Relaxed) {
        true => success(),
        false => Reply::json(503, "{}"),
    })
    .await;
    let client = client(&server, quick().retries(1)).await;
    // Asks so often, and returns how often the server was.
    let ask = async |times: usize| {
        let before = server.seen().len();
        for _ in 0..times {
            assert_eq!(call(&client, "GET").await.is_ok(), is_well.load(Ordering::Relaxed));
        }
        server.seen().len() - before
    };
    assert_eq!(ask(110).await, 110 + 100);
    for (successes, retries) in [(9, 0), (1, 1), (0, 0)] {
        is_well.store(true, Ordering::Relaxed);
        assert_eq!(ask(successes).await, successes);
        is_well.store(false, Ordering::Relaxed);
        assert_eq!(ask(1).await, 1 + retries, "after {successes} more");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for_twice() {
    let clock = Clock::stopped();
    let minute = Duration::from_secs(60);
    for (timeout, deadline) in [(minute, Duration::MAX), (Duration::MAX, minute)] {
        let server = Server::start(|_| Reply::silent()).await;
        let builder = server.builder().timeout(timeout).retry(quick().deadline(deadline));
        let client = builder.build().unwrap();
        let asking = tokio::spawn(async move { call(&client, "GET").await });
        server.asked(1).await;
        clock.advance(2 * minute).await;
        let error = asking.await.unwrap().unwrap_err();
        assert!(error.is_timeout() && error.status().is_none());
        assert_eq!(server.seen().len(), 1);
    }
}

/// Finds the server only after it was looked for so many times.
struct Lost(AtomicUsize);

impl Resolve for Lost {
    fn resolve(&self, _: Name) -> Resolving {
        let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        Box::pin(async move {
            if left.is_ok() {
                return Err("no such host".into());
            }
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            Ok(Box::new([address].into_iter()) as Box<dyn Iterator<Item = _> + Send>)
        })
    }
}

#[tokio::test]
async fn what_was_never_sent_is_sent_again() {
    for method in METHODS {
        let server = failing(0, success()).await;
        let builder = |times| {
            let lost = Arc::new(Lost(AtomicUsize::new(times)));
            let url = format!("http://cal.test:{}", server.address.port());
            let builder = server.builder().base_url(url).retry(quick());
            builder.connections(|http| http.dns_resolver(lost)).build().unwrap()
        };
        call(&builder(2), method).await.unwrap();
        assert_eq!(server.seen().len(), 1, "{method}");
        assert!(call(&builder(3), method).await.unwrap_err().is_connect());
        assert_eq!(server.seen().len(), 1, "{method}");
    }
}
