//! Requests that the API's description does not have as the server wants them.

use cal_client::{calendars::BusyTimesQuery, routing_forms::Answers, slots::SlotWindow};
use chrono::{DateTime, NaiveDate};

use crate::server::{Reply, Server};

#[tokio::test]
async fn calendars_to_ask_for_busy_times_are_a_list() {
    let server = Server::start(|_| Reply::data("[]")).await;
    let day = |day| NaiveDate::from_ymd_opt(2050, 9, day).unwrap();
    let query = BusyTimesQuery::new(day(5), day(6), "Europe/Oslo")
        .calendar(1, "ann@example.com")
        .calendar(2, "https://example.com/a b");
    let busy = server.client().calendars().busy_times(&query).await.unwrap();
    assert_eq!(busy, []);
    let seen = server.seen().remove(0);
    let query: Vec<_> = seen.query.iter().map(|(name, value)| (&**name, &**value)).collect();
    let expected = [
        ("dateFrom", "2050-09-05"),
        ("dateTo", "2050-09-06"),
        ("timeZone", "Europe/Oslo"),
        ("calendarsToLoad[0][credentialId]", "1"),
        ("calendarsToLoad[0][externalId]", "ann@example.com"),
        ("calendarsToLoad[1][credentialId]", "2"),
        ("calendarsToLoad[1][externalId]", "https://example.com/a b"),
    ];
    assert_eq!(query, expected);
}

#[tokio::test]
async fn answers_to_a_form_are_the_body() {
    let server = Server::start(|_| Reply::data(r#"{"eventTypeId":5,"slots":{}}"#)).await;
    let answers = Answers::from_iter([("size".to_owned(), "large".into())]);
    let time = |text| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    let query = SlotWindow::new(time("2050-09-05T00:00:00Z"), time("2050-09-06T00:00:00Z"));
    let forms = server.client().routing_forms();
    let routed = forms.calculate_slots("f1", &answers, &query).await.unwrap();
    assert_eq!(routed.event_type_id, Some(5.into()));
    forms.calculate_slots("f1", &Answers::new(), &query).await.unwrap();
    let [with, without] = &server.seen()[..] else { panic!("there were not two requests") };
    assert_eq!(with.body, br#"{"size":"large"}"#);
    assert_eq!(with.headers["content-type"], "application/json");
    assert_eq!(without.body, b"");
    assert_eq!(without.headers.get("content-type"), None);
}

#[tokio::test]
async fn teams_of_forms_have_commas_between_them() {
    let server = Server::start(|_| Reply::data("[]")).await;
    server.client().org(7).routing_forms().list().teams([1, 2]).await.unwrap();
    assert_eq!(server.seen()[0].query, [("teamIds".to_owned(), "1,2".to_owned())]);
}
