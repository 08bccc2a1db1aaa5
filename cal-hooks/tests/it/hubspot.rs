//! HubSpot's CRM API version 3 as `developers.hubspot.com/docs` describes it.

mod account;
mod contacts;

use std::sync::{Arc, Mutex};

use cal_core::BookingUid;
use cal_hooks::crm::{Activity, Contact, ContactId, Crm as _, HubSpot, Points, Stage};
use cal_webhook::Change;
use serde_json::{Value, json};

pub(crate) use self::account::Account;
use crate::{
    failures::{self, SECRET},
    server::{Reply, Seen, Server},
};

type Shared = Arc<Mutex<Account>>;

/// Starts an account that keeps what it is told and answers as documented.
async fn account() -> (Server, Shared) {
    let account = Shared::default();
    let shared = Arc::clone(&account);
    let server = Server::start(move |seen| shared.lock().unwrap().answer(seen, SECRET)).await;
    (server, account)
}

fn hubspot(base: impl Into<String>) -> HubSpot {
    HubSpot::new(SECRET).unwrap().base_url(base)
}

fn jonas() -> ContactId {
    ContactId("101".to_owned())
}

fn contact() -> Contact {
    let mut contact = Contact::new(" Jonas@Example.org ");
    contact.name = Some("Jonas Maria Weber".to_owned());
    contact
}

/// Makes an activity of a booking that starts on the fourth of March.
fn activity(change: Change, uid: &str) -> Activity {
    let at = "2026-03-01T09:00:00Z".parse().unwrap();
    let mut activity = Activity::new("1/crm".to_owned(), change, "Consultation".to_owned(), at);
    activity.uid = Some(BookingUid::from(uid));
    activity.start = Some("2026-03-04T10:00:00Z".parse().unwrap());
    activity.end = Some("2026-03-04T10:30:00Z".parse().unwrap());
    activity
}

fn lines(server: &Server) -> Vec<String> {
    server.seen().iter().map(Seen::line).collect()
}

/// How a contact is looked for.
const FIND: &str = "GET /crm/v3/objects/contacts/jonas@example.org\
    ?idProperty=email&properties=firstname%2Clastname%2Cphone";

#[tokio::test]
async fn a_booking_becomes_a_meeting_of_its_contact() {
    let (server, _) = account().await;
    let mut booked = activity(Change::Booked, "uid-1");
    booked.meeting_url = Some("https://example.com/room".to_owned());
    booked.note = Some("<script>alert(1)</script>\r\n\"Ida\" & 'Jo' 🙂".to_owned());
    hubspot(server.url()).record_activity(&jonas(), &booked).await.unwrap();

    let get = "GET /crm/v3/objects/meetings/uid-1-101\
               ?idProperty=calcom_booking&properties=hs_meeting_outcome";
    let expected = [
        "GET /crm/v3/properties/meetings/calcom_booking",
        "POST /crm/v3/properties/meetings/groups",
        "POST /crm/v3/properties/meetings",
        get,
        "POST /crm/v3/objects/meetings",
    ];
    assert_eq!(lines(&server), expected);
    let seen = server.seen();
    let property = json!({
        "name": "calcom_booking", "label": "Cal.com booking", "groupName": "calcom",
        "type": "string", "fieldType": "text", "hasUniqueValue": true,
    });
    assert_eq!(seen[2].json(), property);
    let meeting = json!({
        "properties": {
            "calcom_booking": "uid-1-101",
            "hs_timestamp": "2026-03-04T10:00:00.000Z",
            "hs_meeting_title": "Consultation",
            "hs_meeting_start_time": "2026-03-04T10:00:00.000Z",
            "hs_meeting_end_time": "2026-03-04T10:30:00.000Z",
            "hs_meeting_location": "https://example.com/room",
            "hs_meeting_external_url": "https://example.com/room",
            "hs_meeting_body": "&lt;script&gt;alert(1)&lt;/script&gt;<br>&quot;Ida&quot; &amp; &#39;Jo&#39; 🙂",
            "hs_meeting_outcome": "SCHEDULED",
        },
        "associations": [{
            "to": { "id": "101" },
            "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 200 }],
        }],
    });
    assert_eq!(seen[4].json(), meeting);
}

#[tokio::test]
async fn the_same_activity_twice_makes_one_meeting() {
    let (server, account) = account().await;
    let hubspot = hubspot(server.url());
    for _ in 0..2 {
        hubspot.record_activity(&jonas(), &activity(Change::Booked, "uid-1")).await.unwrap();
    }
    assert_eq!(account.lock().unwrap().meetings.len(), 1);
    // The property and its group are looked for and made once.
    assert_eq!(lines(&server).iter().filter(|line| line.contains("properties/")).count(), 3);
    // Another seat of the booking is another meeting.
    let other = ContactId("102".to_owned());
    hubspot.record_activity(&other, &activity(Change::Booked, "uid-1")).await.unwrap();
    assert_eq!(account.lock().unwrap().meetings.len(), 2);
}

#[tokio::test]
async fn a_meeting_that_came_into_being_in_between_is_brought_up_to_date() {
    let (server, account) = account().await;
    let hubspot = hubspot(server.url());
    hubspot.record_activity(&jonas(), &activity(Change::Booked, "uid-1")).await.unwrap();
    account.lock().unwrap().blind = 1;
    hubspot.record_activity(&jonas(), &activity(Change::Cancelled, "uid-1")).await.unwrap();
    let account = account.lock().unwrap();
    assert_eq!(account.meetings.len(), 1);
    assert_eq!(account.meetings[0]["hs_meeting_outcome"], "CANCELED");
}

#[tokio::test]
async fn a_moved_booking_leaves_a_rescheduled_meeting_behind() {
    let (server, account) = account().await;
    let hubspot = hubspot(server.url());
    hubspot.record_activity(&jonas(), &activity(Change::Booked, "uid-1")).await.unwrap();
    let mut moved = activity(Change::Rescheduled, "uid-2");
    moved.moved_from = Some(BookingUid::from("uid-1"));
    for _ in 0..2 {
        hubspot.record_activity(&jonas(), &moved).await.unwrap();
    }
    let account = account.lock().unwrap();
    let outcomes: Vec<_> = account
        .meetings
        .iter()
        .map(|meeting| (meeting["calcom_booking"].as_str(), meeting["hs_meeting_outcome"].as_str()))
        .collect();
    let expected =
        [(Some("uid-1-101"), Some("RESCHEDULED")), (Some("uid-2-101"), Some("SCHEDULED"))];
    assert_eq!(outcomes, expected);
}

#[tokio::test]
async fn a_move_without_a_uid_leaves_a_rescheduled_meeting_behind() {
    let (server, account) = account().await;
    let hubspot = hubspot(server.url());
    hubspot.record_activity(&jonas(), &activity(Change::Booked, "uid-1")).await.unwrap();
    let mut moved = activity(Change::Rescheduled, "uid-2");
    (moved.uid, moved.moved_from) = (None, Some(BookingUid::from("uid-1")));
    hubspot.record_activity(&jonas(), &moved).await.unwrap();
    let account = account.lock().unwrap();
    assert_eq!(account.meetings.len(), 1, "no meeting could be found again");
    assert_eq!(account.meetings[0]["hs_meeting_outcome"], "RESCHEDULED");
}

#[tokio::test]
async fn outcomes_follow_what_happened_and_never_go_back() {
    let cases: [(&[Change], Option<&str>); 10] = [
        (&[Change::Requested], None),
        (&[Change::PaymentInitiated, Change::Booked], Some("SCHEDULED")),
        (&[Change::Booked, Change::Ended], Some("COMPLETED")),
        (&[Change::Booked, Change::Ended, Change::NoShow], Some("NO_SHOW")),
        (&[Change::Booked, Change::GuestNoShow, Change::Ended], Some("NO_SHOW")),
        (&[Change::Booked, Change::HostNoShow], Some("SCHEDULED")),
        (&[Change::Requested, Change::Rejected], Some("CANCELED")),
        (&[Change::Booked, Change::RescheduleRequested], Some("RESCHEDULED")),
        (&[Change::Cancelled, Change::Booked], Some("CANCELED")),
        (&[Change::Cancelled, Change::Ended, Change::Paid], Some("CANCELED")),
    ];
    for (changes, outcome) in cases {
        let (server, account) = account().await;
        let hubspot = hubspot(server.url());
        for change in changes {
            hubspot.record_activity(&jonas(), &activity(*change, "uid-1")).await.unwrap();
        }
        let account = account.lock().unwrap();
        let found = account.meetings[0].get("hs_meeting_outcome").and_then(Value::as_str);
        assert_eq!(found, outcome, "{changes:?}");
    }
}

#[tokio::test]
async fn a_mark_of_absence_that_is_taken_back_completes_the_meeting() {
    let (server, account) = account().await;
    let hubspot = hubspot(server.url());
    for absent in [true, false] {
        let mut marked = activity(Change::NoShow, "uid-1");
        marked.absent = Some(absent);
        hubspot.record_activity(&jonas(), &marked).await.unwrap();
        let expected = if absent { "NO_SHOW" } else { "COMPLETED" };
        assert_eq!(account.lock().unwrap().meetings[0]["hs_meeting_outcome"], expected);
    }
}

#[tokio::test]
async fn an_outcome_that_somebody_has_added_stays() {
    let (server, account) = account().await;
    let hubspot = hubspot(server.url());
    hubspot.record_activity(&jonas(), &activity(Change::Booked, "uid-1")).await.unwrap();
    let own = json!("LEFT_EARLY");
    account.lock().unwrap().meetings[0].insert("hs_meeting_outcome".to_owned(), own.clone());
    hubspot.record_activity(&jonas(), &activity(Change::Ended, "uid-1")).await.unwrap();
    assert_eq!(account.lock().unwrap().meetings[0]["hs_meeting_outcome"], own);
}

#[tokio::test]
async fn news_without_a_booking_or_without_a_known_meeting_leave_no_trace() {
    let (server, account) = account().await;
    let hubspot = hubspot(server.url());
    let mut form = activity(Change::Form, "uid-1");
    form.uid = None;
    hubspot.record_activity(&jonas(), &form).await.unwrap();
    assert!(server.seen().is_empty());
    let mut absent = activity(Change::NoShow, "uid-1");
    absent.start = None;
    hubspot.record_activity(&jonas(), &absent).await.unwrap();
    assert!(account.lock().unwrap().meetings.is_empty());
}

#[tokio::test]
async fn a_property_whose_values_are_not_unique_is_refused() {
    let (server, account) = account().await;
    let property = json!({ "name": "calcom_booking", "hasUniqueValue": false });
    account.lock().unwrap().properties.insert("meetings/calcom_booking".to_owned(), property);
    let activity = activity(Change::Booked, "uid-1");
    let error = hubspot(server.url()).record_activity(&jonas(), &activity).await.unwrap_err();
    assert!(!error.is_transient() && error.to_string().contains("unique"), "{error}");
    assert!(account.lock().unwrap().meetings.is_empty());
}

#[tokio::test]
async fn failures_are_sorted_and_tell_nothing() {
    let hidden = ["jonas@example.org", "Jonas"];
    let upsert = async |base: String| hubspot(base).upsert_contact(&contact()).await.map(drop);
    failures::are_sorted(&hidden, upsert).await;
    let record = async |base: String| {
        hubspot(base).record_activity(&jonas(), &activity(Change::Booked, "uid-1")).await
    };
    failures::are_sorted(&hidden, record).await;
    failures::tells_nothing(&hubspot("http://localhost"), &[]);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_a_failure_for_now() {
    let endless = format!(r#"{{"id":"{}"}}"#, "7".repeat(2 * 1024 * 1024));
    for body in ["<html>jonas@example.org", "{}", r#"{"id":7}"#, "", &endless] {
        let server = Server::saying(Reply::text(200, body)).await;
        let error = hubspot(server.url()).upsert_contact(&contact()).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        failures::tells_nothing(&error, &["jonas@example.org"]);
    }
}

#[tokio::test]
async fn a_refusal_that_no_repetition_cures_is_for_good() {
    let server = Server::saying(Reply::text(400, "{}")).await;
    let error = hubspot(server.url()).upsert_contact(&contact()).await.unwrap_err();
    assert!(!error.is_transient(), "{error}");
    let (server, _) = account().await;
    let error = hubspot(server.url()).set_stage(&jonas(), Stage::Lead).await.unwrap_err();
    assert!(!error.is_transient() && error.to_string().contains("404"), "{error}");
    // An account that HubSpot moves between its data centres.
    let server = Server::saying(Reply::text(477, "").header("retry-after", "60")).await;
    let error = hubspot(server.url()).set_stage(&jonas(), Stage::Lead).await.unwrap_err();
    assert_eq!(error.delay().map(|delay| delay.as_secs()), Some(60));
    assert_eq!(server.only().method, "GET");
}
