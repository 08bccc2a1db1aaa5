//! Calendars, conferencing, payments, and what else belongs to an account.

use cal_client::{
    Client, Patch,
    api_keys::RefreshApiKey,
    bookings::Sort,
    calendars::{
        AppleCredentials, BusyTimesQuery, CalendarIntegration, CalendarProvider, ConnectCalendar,
        NewFeed,
    },
    conferencing::{Conferencing, ConferencingApp},
    destination_calendars::UpdateDestinationCalendar,
    out_of_office::{NewOutOfOffice, OutOfOfficeReason, UpdateOutOfOffice},
    routing_form_responses::RoutingFormResponses,
    routing_forms::Answers,
    selected_calendars::CalendarSelection,
    slots::SlotWindow,
    stripe::Stripe,
    unified_calendars::{
        EntryResponse, EntryStatus, UpdateCalendarEntry, UpdateEntryAttendee, UpdateEntryTime,
    },
    verified_resources::VerifiedResources,
};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::{Map, json};

use super::Checks;

const FORM: &str = "f00b26df-f54b-4985-8d98-17c5482c6a24";

pub(super) async fn check(client: &Client, checks: &mut Checks) {
    let team = client.org(7).team(9);
    calendars(client, checks).await;
    entries(client, checks).await;
    conferencing(&client.conferencing(), checks).await;
    conferencing(&team.conferencing(), checks).await;
    stripe(&client.stripe(), checks).await;
    stripe(&team.stripe(), checks).await;
    verified(&client.verified_resources(), checks).await;
    verified(&client.team(9).verified_resources(), checks).await;
    verified(&team.verified_resources(), checks).await;
    out_of_office(client, checks).await;
    forms(client, checks).await;
    responses(&client.org(7).routing_form_responses(), checks).await;
    responses(&team.routing_form_responses(), checks).await;
    let options = RefreshApiKey::new().days_valid(60).never_expires(false);
    checks.is("api_keys.refresh", client.api_keys().refresh(&options).await);
}

async fn calendars(client: &Client, checks: &mut Checks) {
    let calendars = client.calendars();
    checks.is("calendars.list", calendars.list().await);
    let (from, to) = (day(2050, 9, 5), day(2050, 9, 6));
    let query = BusyTimesQuery::new(from, to, "Europe/Madrid").calendar(135, "ann@example.com");
    checks.is("calendars.busy_times", calendars.busy_times(&query).await);
    for provider in [CalendarProvider::Google, CalendarProvider::Office365] {
        let options = ConnectCalendar::new().redirect("https://example.com").dry_run(true);
        checks.is("calendars.connect", calendars.connect(provider.clone(), &options).await);
        checks.is("calendars.save", calendars.save(provider, "a-code", "a-state").await);
    }
    let credentials = AppleCredentials::new("ann@example.com", "app-password");
    checks.is("calendars.connect_apple", calendars.connect_apple(&credentials).await);
    let feed = NewFeed::new(["https://example.com/feed.ics".to_owned()]).read_only(true);
    checks.is("calendars.connect_feed", calendars.connect_feed(&feed).await);
    checks.is("calendars.check_feed", calendars.check_feed().await);
    checks.is("calendars.check", calendars.check(CalendarProvider::Apple).await);
    checks.is("calendars.disconnect", calendars.disconnect(CalendarProvider::Google, 10).await);

    let google = CalendarIntegration::Google;
    let selection = CalendarSelection::new(google.clone(), "ann@example.com", 10)
        .delegation_credential_id("a-delegation");
    let selected = client.selected_calendars();
    checks.is("selected_calendars.add", selected.add(&selection).await);
    checks.is("selected_calendars.remove", selected.remove(&selection).await);
    let destination = UpdateDestinationCalendar::new(google, "ann@example.com")
        .delegation_credential_id("a-delegation");
    let updated = client.destination_calendars().update(&destination).await;
    checks.is("destination_calendars.update", updated);
}

async fn entries(client: &Client, checks: &mut Checks) {
    let entries = client.unified_calendars();
    let google = CalendarProvider::Google;
    checks.is("unified_calendars.get", entries.get(google.clone(), "an-entry").await);
    let time = |hours| UpdateEntryTime::new(at(hours), "Europe/Oslo");
    let attendee = UpdateEntryAttendee::new("ben@example.com")
        .name("Ben")
        .response_status(EntryResponse::NeedsAction)
        .is_self(false)
        .optional(true)
        .host(Patch::Clear);
    let update = UpdateCalendarEntry::new()
        .start(time(0))
        .end(time(1))
        .title("Breakfast")
        .description(Patch::Clear)
        .attendees(vec![attendee])
        .status(EntryStatus::Accepted);
    checks.is("unified_calendars.update", entries.update(google, "an-entry", &update).await);
}

async fn conferencing<S>(apps: &Conferencing<S>, checks: &mut Checks) {
    checks.is("conferencing.list", apps.list().await);
    checks.is("conferencing.connect", apps.connect(ConferencingApp::GoogleMeet).await);
    let (good, bad) = ("https://example.com/good", "https://example.com/bad");
    checks.is("conferencing.auth_url", apps.auth_url(ConferencingApp::Zoom, good, bad).await);
    let saved = apps.save(ConferencingApp::MsTeams, "a-code", "a-state").await;
    checks.is("conferencing.save", saved);
    checks.is("conferencing.default", apps.default().await);
    checks.is("conferencing.set_default", apps.set_default(ConferencingApp::CalVideo).await);
    checks.is("conferencing.disconnect", apps.disconnect(ConferencingApp::Zoom).await);
}

async fn stripe<S>(stripe: &Stripe<S>, checks: &mut Checks) {
    let (good, bad) = ("https://example.com/good", "https://example.com/bad");
    checks.is("stripe.connect", stripe.connect(good, bad).await);
    checks.is("stripe.save", stripe.save("a-code", "a-state").await);
    checks.is("stripe.check", stripe.check().await);
}

async fn verified<S>(verified: &VerifiedResources<S>, checks: &mut Checks) {
    let (email, phone) = ("ann@example.com", "+37255556666");
    checks.is("verified.emails", verified.emails().take(25).skip(1).await);
    checks.is("verified.email", verified.email(789).await);
    checks.is("verified.request_email_code", verified.request_email_code(email).await);
    checks.is("verified.verify_email", verified.verify_email(email, "1ABG2C").await);
    checks.is("verified.phones", verified.phones().take(25).skip(1).await);
    checks.is("verified.phone", verified.phone(789).await);
    checks.is("verified.request_phone_code", verified.request_phone_code(phone).await);
    checks.is("verified.verify_phone", verified.verify_phone(phone, "1ABG2C").await);
}

async fn out_of_office(client: &Client, checks: &mut Checks) {
    let all = client.org(7).out_of_office().list();
    let all = all.sort_start(Sort::Asc).sort_end(Sort::Desc).email("ann@example.com");
    checks.is("out_of_office.list", all.take(25).skip(1).await);
    let away = client.org(7).user(42).out_of_office();
    let own = away.list().sort_start(Sort::Asc).sort_end(Sort::Desc).take(25).skip(1);
    checks.is("out_of_office.list", own.await);
    let entry = NewOutOfOffice::new(at(0), at(24))
        .notes("By the sea")
        .to_user_id(23)
        .reason(OutOfOfficeReason::Vacation);
    checks.is("out_of_office.create", away.create(&entry).await);
    let update = UpdateOutOfOffice::new()
        .start(at(0))
        .end(at(48))
        .notes("In the mountains")
        .to_user_id(24)
        .reason(OutOfOfficeReason::PublicHoliday);
    checks.is("out_of_office.update", away.update(2, &update).await);
    checks.is("out_of_office.delete", away.delete(2).await);
}

async fn forms(client: &Client, checks: &mut Checks) {
    // One team: the server wants commas between several, and the description another form.
    let all = client.org(7).routing_forms().list().teams([100]).take(25).skip(1);
    let all = all.sort_created(Sort::Asc).sort_updated(Sort::Desc).routed_to("a-booking");
    let all = all.created_after(at(0)).created_before(at(1));
    checks.is("routing_forms.list", all.updated_after(at(0)).updated_before(at(1)).await);
    let of_team = client.org(7).team(9).routing_forms().list().sort_created(Sort::Asc);
    checks.is("routing_forms.list", of_team.await);
    // No answers: the description has no body, with which the mock refuses one.
    let routed = client.routing_forms().calculate_slots(FORM, &Answers::new(), &week()).await;
    checks.is("routing_forms.calculate_slots", routed);
}

async fn responses<S>(responses: &RoutingFormResponses<S>, checks: &mut Checks) {
    let listed = responses.list(FORM).sort_created(Sort::Desc).created_after(at(0)).take(25);
    checks.is("routing_form_responses.list", listed.await);
    let none = Answers::new();
    let created = responses.create(FORM, &none, &week()).await;
    checks.is("routing_form_responses.create", created);
    let queued = responses.queue(FORM, &none, &week()).await;
    checks.is("routing_form_responses.queue", queued);
    let response = Map::from_iter([("q1".to_owned(), json!({"label": "Size", "value": "large"}))]);
    let updated = responses.update(FORM, 3, &response).await;
    checks.is("routing_form_responses.update", updated);
}

fn week() -> SlotWindow {
    SlotWindow::new(at(0), at(0) + Days::new(7))
        .time_zone("Europe/Rome")
        .duration(60)
        .with_ends()
        .rescheduling("abc123def456")
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

/// Some hours into a day far ahead.
fn at(hours: u32) -> DateTime<Utc> {
    day(2050, 9, 5).and_hms_opt(0, 0, 0).unwrap().and_utc() + TimeDelta::hours(hours.into())
}
