use cal_client::{Method, api_keys::RefreshApiKey, calendars::CalendarProvider};
use serde_json::Value;

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

    // What has no method, or lacks on purpose what the method asks for.
    for number in ["135", "137", "142"] {
        let path = match number {
            "135" => "/v2/calendars/busy-times",
            "137" => "/v2/calendars/google/connect",
            _ => "/v2/timezones",
        };
        calls.same(number, move |client| async move {
            client.raw(Method::GET, path).send::<Value>().await
        });
    }
    calls.same("136", |client| async move {
        let request = client.raw(Method::GET, "/v2/calendars/busy-times");
        let request = request.query("loggedInUsersTz", "Europe/Oslo");
        let request = request.query("dateFrom", "2026-11-23").query("dateTo", "2026-11-24");
        let request = request.query("calendarsToLoad[0][credentialId]", 1);
        request.query("calendarsToLoad[0][externalId]", "x@example.com").send::<Value>().await
    });
    // That server has no teams.
    calls.same("154", |client| async move { client.teams().list().await });
    // Browsers ask this before they send a request.
    calls.same("155", |client| async move {
        client.raw(Method::OPTIONS, "/v2/bookings").send_only().await
    });
    // Outside of /v2 there is only /health, which answers a word.
    calls
        .answer("230", |client| async move { client.raw(Method::GET, "/v2/me").send_only().await });
}
