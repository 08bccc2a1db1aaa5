use cal_client::{
    api_keys::RefreshApiKey,
    calendars::{AppleCredentials, BusyTimesQuery, CalendarProvider, ConnectCalendar},
};
use chrono::NaiveDate;

use super::Calls;

pub(super) fn calls(calls: &mut Calls) {
    calls.same("134", |client| async move { client.calendars().list().await });
    calls.same(
        "138",
        |client| async move { client.calendars().check(CalendarProvider::Google).await },
    );
    calls.same("139", |client| async move { client.calendars().check("nope").await });
    calls.same("140", |client| async move { client.conferencing().list().await });
    calls.same("141", |client| async move { client.conferencing().default().await });
    calls.same("145", |client| async move {
        client.api_keys().refresh(&RefreshApiKey::new().days_valid(30)).await
    });
    calls.same("153", |client| async move { client.verified_resources().emails().await });

    // There is nothing in the query.
    calls.answer("135", |client| async move { client.calendars().busy_times(&query()).await });
    // The time zone has the name that it had once.
    calls.answer("136", |client| async move { client.calendars().busy_times(&query()).await });
    // Whether to keep anything is not said.
    calls.answer("137", |client| async move {
        client.calendars().connect(CalendarProvider::Google, &ConnectCalendar::new()).await
    });
    // These are no part of the API's description: /v2/timezones, ...
    calls.answer("142", |client| async move { client.calendars().check_feed().await });
    // ... /v2/teams, as this server lacks it, ...
    calls.answer("154", |client| async move { client.calendars().list().await });
    // ... what browsers ask before they send a request, ...
    calls.answer("155", |client| async move {
        let credentials = AppleCredentials::new("ann@example.com", "app-password");
        client.calendars().connect_apple(&credentials).await
    });
    // ... and /health.
    calls.answer("230", |client| async move {
        client.calendars().save(CalendarProvider::Google, "a-code", "a-state").await
    });
}

fn query() -> BusyTimesQuery {
    let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
    BusyTimesQuery::new(day(23), day(24), "Europe/Oslo").calendar(1, "x@example.com")
}
