//! Answers that lack something, have more, or have values that nobody knows yet: they are read.

use std::{fs, sync::LazyLock};

use cal_client::{
    bookings::Booking,
    calendars::{BusyTime, CalendarChoice, CalendarCredential, ConnectedCalendars},
    conferencing::{ConferencingConnection, DefaultConferencing},
    event_types::EventType,
    me::Profile,
    memberships::Membership,
    out_of_office::OutOfOfficeEntry,
    routing_form_responses::{FormResponse, RoutedResponse},
    routing_forms::{RoutedSlots, RoutingForm},
    schedules::Schedule,
    slots::Slot,
    teams::Team,
    unified_calendars::CalendarEntry,
    verified_resources::{VerifiedEmail, VerifiedPhone},
    webhooks::Webhook,
    workflows::Workflow,
};
use chrono::{DateTime, NaiveDate};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::shared::shared;

/// What answers have in them: a name, and how it is read.
const TYPES: &[(&str, Read)] = &[
    ("booking", read::<Booking>),
    ("busy time", read::<BusyTime>),
    ("calendar choice", read::<CalendarChoice>),
    ("calendar credential", read::<CalendarCredential>),
    ("calendar entry", read::<CalendarEntry>),
    ("conferencing connection", read::<ConferencingConnection>),
    ("connected calendars", read::<ConnectedCalendars>),
    ("default conferencing", read::<DefaultConferencing>),
    ("event type", read::<EventType>),
    ("form response", read::<FormResponse>),
    ("membership", read::<Membership>),
    ("out of office", read::<OutOfOfficeEntry>),
    ("profile", read::<Profile>),
    ("routed response", read::<RoutedResponse>),
    ("routed slots", read::<RoutedSlots>),
    ("routing form", read::<RoutingForm>),
    ("schedule", read::<Schedule>),
    ("slot", read::<Slot>),
    ("team", read::<Team>),
    ("verified email", read::<VerifiedEmail>),
    ("verified phone", read::<VerifiedPhone>),
    ("webhook", read::<Webhook>),
    ("workflow", read::<Workflow>),
];

/// The recordings that have such things: the numbers of their files.
const RECORDED: &[(&str, &[&str])] = &[
    (
        "booking",
        &[
            "066", "074", "077", "084", "085", "087", "093", "095", "096", "101", "102", "106",
            "115", "122", "125", "128", "131", "166", "191", "192", "215", "219", "232", "234",
            "236", "238", "239",
        ],
    ),
    ("connected calendars", &["134"]),
    ("event type", &["020", "022", "027", "029", "031", "033", "034", "035"]),
    ("profile", &["001", "007", "148", "245"]),
    ("schedule", &["009", "011", "012", "013", "016"]),
    ("webhook", &["036", "042", "043", "045", "048", "050", "051", "052", "167", "175"]),
];

/// Samples of things that were not recorded, or not in full.
fn written() -> Vec<(&'static str, Value)> {
    vec![
        (
            "event type",
            json!({
                "id": 5, "title": "Intro", "slug": "intro", "lengthInMinutes": 30, "ownerId": 7,
                "lengthInMinutesOptions": [15, 30], "description": "Hello", "hidden": false,
                "locations": [
                    {"type": "address", "address": "Main St 1", "public": true},
                    {"type": "integration", "integration": "cal-video"},
                    {"type": "unknown", "location": "somewhere"},
                ],
                "bookingFields": [
                    {"type": "name", "slug": "name", "isDefault": true, "required": true},
                    {"type": "select", "slug": "size", "isDefault": false, "options": ["S", "L"]},
                ],
                "seats": {"seatsPerTimeSlot": 4, "showAttendeeInfo": true},
                "recurrence": {"interval": 1, "occurrences": 4, "frequency": "weekly"},
                "confirmationPolicy": {"type": "always", "blockUnconfirmedBookingsInBooker": false},
                "bookingWindow": {"type": "businessDays", "value": 30, "rolling": true},
                "bookingLimitsCount": {"day": 3}, "metadata": {"a": "b"}, "price": 0,
                "users": [{"id": 7, "name": "Ann", "username": "ann", "metadata": {}}],
                "color": {"lightThemeHex": "#fff000", "darkThemeHex": "#000fff"},
                "teamId": 2, "hosts": [{"userId": 7, "name": "Ann", "mandatory": true}],
                "schedulingType": "roundRobin", "scheduleId": 3, "bookingUrl": "https://example.com",
            }),
        ),
        (
            "membership",
            json!({
                "id": 4, "userId": 7, "teamId": 2, "accepted": true, "role": "OWNER",
                "disableImpersonation": false,
                "user": {"email": "ann@example.com", "username": "ann", "metadata": {"a": "b"}},
                "attributes": [
                    {"id": "a", "name": "City", "type": "text", "option": "Oslo", "optionId": "o"},
                    {"id": "b", "name": "Rank", "type": "number", "option": 3, "optionId": "o"},
                ],
            }),
        ),
        (
            "schedule",
            json!({
                "id": 3, "ownerId": 7, "name": "Days", "timeZone": "Europe/Oslo", "isDefault": true,
                "availability": [
                    {"days": ["Monday", "Friday"], "startTime": "09:00", "endTime": "17:00"},
                ],
                "overrides": [{"date": "2050-09-05", "startTime": "10:00", "endTime": "11:00"}],
            }),
        ),
        (
            "slot",
            json!({
                "start": "2050-09-05T09:00:00.000+02:00", "end": "2050-09-05T10:00:00.000+02:00",
                "seatsBooked": 1, "seatsRemaining": 2, "seatsTotal": 3, "bookingUid": "b1",
                "attendeesCount": 1,
            }),
        ),
        (
            "team",
            json!({
                "id": 2, "parentId": 1, "name": "Sales", "slug": "sales", "bio": "We sell",
                "isOrganization": false, "timeZone": "Europe/Oslo", "weekStart": "Monday",
                "theme": "dark", "metadata": {"a": "b"}, "hideBranding": false,
            }),
        ),
        (
            "webhook",
            json!({
                "id": "w1", "subscriberUrl": "https://example.com", "active": true,
                "triggers": ["BOOKING_CREATED", "BOOKING_CANCELLED"], "payloadTemplate": null,
                "secret": "hush", "userId": 7, "version": "2021-10-20", "time": 5,
                "timeUnit": "MINUTE",
            }),
        ),
        (
            "workflow",
            json!({
                "id": 9, "name": "Remind", "userId": 7, "teamId": 2,
                "activation": {"isActiveOnAllEventTypes": false, "activeOnEventTypeIds": [5]},
                "trigger": {"type": "beforeEvent", "offset": {"value": 1, "unit": "hour"}},
                "steps": [{
                    "id": 1, "stepNumber": 1, "action": "email_attendee", "recipient": "attendee",
                    "template": "reminder", "sender": "Cal", "includeCalendarEvent": true,
                    "message": {"subject": "Soon", "html": "<p>Soon</p>", "text": "Soon"},
                }],
                "createdAt": "2050-09-05T09:00:00.000Z", "updatedAt": "2050-09-05T09:00:00.000Z",
            }),
        ),
        (
            "booking",
            json!({
                "id": 1, "uid": "b1", "title": "Intro", "description": "Hello", "status": "accepted",
                "hosts": [{
                    "id": 7, "name": "Ann", "email": "ann@example.com", "username": "ann",
                    "displayEmail": "ann@example.com", "timeZone": "Europe/Oslo",
                }],
                "start": "2050-09-05T09:00:00.000Z", "end": "2050-09-05T10:00:00.000Z",
                "duration": 60, "eventTypeId": 5, "eventType": {"id": 5, "slug": "intro"},
                "cancellationReason": "", "cancelledByEmail": "", "reschedulingReason": "late",
                "rescheduledByEmail": "ann@example.com", "rescheduledFromUid": "b0",
                "rescheduledToUid": "b2", "meetingUrl": "https://example.com", "rating": 5,
                "location": "https://example.com", "absentHost": false, "icsUid": "b1@Cal.com",
                "createdAt": "2050-09-01T09:00:00.000Z", "updatedAt": "2050-09-02T09:00:00.000Z",
                "metadata": {"a": "b"}, "guests": ["eve@example.com"],
                "attendees": [{
                    "name": "Ben", "email": "ben@example.com", "displayEmail": "ben@example.com",
                    "timeZone": "Europe/Oslo", "language": "en", "absent": false,
                    "phoneNumber": "+4712345678", "seatUid": "s1", "metadata": {"a": "b"},
                    "bookingFieldsResponses": {"name": "Ben"},
                }],
                "bookingFieldsResponses": {"name": "Ben", "guests": []},
                "recurringBookingUid": "r1", "seatUid": "s1",
            }),
        ),
        (
            "busy time",
            json!({
                "start": "2050-09-05T09:00:00.000Z", "end": "2050-09-05T10:00:00.000+02:00",
                "source": "ann@example.com",
            }),
        ),
        (
            "calendar choice",
            json!({
                "userId": 1, "integration": "google_calendar", "externalId": "ann@example.com",
                "credentialId": 10,
            }),
        ),
        (
            "calendar credential",
            json!({
                "id": 10, "type": "ics-feed_calendar", "userId": 1, "teamId": 2,
                "appId": "ics-feed", "invalid": false,
            }),
        ),
        (
            "calendar entry",
            json!({
                "id": "e1", "title": "Breakfast", "description": "Bread", "status": "accepted",
                "start": {"time": "2050-09-05T09:00:00+02:00", "timeZone": "Europe/Oslo"},
                "end": {"time": "2050-09-05T10:00:00+02:00", "timeZone": "Europe/Oslo"},
                "locations": [
                    {"type": "video", "url": "https://example.com", "password": "secret"},
                    {"type": "phone", "url": "tel:+4712345678", "pin": "1234", "regionCode": "NO"},
                ],
                "attendees": [{
                    "email": "ben@example.com", "name": "Ben", "responseStatus": "needsAction",
                    "self": false, "optional": true, "host": false,
                }],
                "hosts": [{"email": "ann@example.com", "responseStatus": "accepted"}],
                "calendarEventOwner": {"email": "ann@example.com", "name": "Ann"},
                "source": "google",
            }),
        ),
        (
            "conferencing connection",
            json!({"id": 10, "type": "google_video", "userId": 1, "invalid": false}),
        ),
        (
            "connected calendars",
            json!({
                "connectedCalendars": [{
                    "integration": {
                        "appData": null, "name": "Google Calendar", "type": "google_calendar",
                        "slug": "google-calendar", "categories": ["calendar"], "installed": true,
                        "locationOption": {"label": "Somewhere"},
                    },
                    "credentialId": 10, "delegationCredentialId": "d1",
                    "error": {"message": "It is gone"},
                    "primary": {
                        "externalId": "ann@example.com", "primary": true, "readOnly": false,
                        "isSelected": true, "credentialId": 10, "integration": "google_calendar",
                    },
                    "calendars": [{
                        "externalId": "ann@example.com", "primary": null, "readOnly": true,
                        "isSelected": false, "credentialId": 10, "email": "ann@example.com",
                    }],
                }],
                "destinationCalendar": {
                    "id": 3, "integration": "google_calendar", "externalId": "ann@example.com",
                    "primaryEmail": "ann@example.com", "userId": 1, "eventTypeId": null,
                    "credentialId": 10, "primary": true, "integrationTitle": "Google",
                },
            }),
        ),
        ("default conferencing", json!({"appSlug": "zoom", "appLink": "https://example.com"})),
        (
            "form response",
            json!({
                "id": 3, "formId": "f1", "formFillerId": "someone", "routedToBookingUid": "b1",
                "response": {"q1": {"label": "Size", "value": "large"}},
                "createdAt": "2050-09-05T09:00:00.000Z",
            }),
        ),
        (
            "out of office",
            json!({
                "id": 2, "uuid": "u2", "userId": 1, "toUserId": 4, "notes": "By the sea",
                "start": "2050-09-05T00:00:00.000Z", "end": "2050-09-10T23:59:59.999Z",
                "reason": "vacation",
            }),
        ),
        (
            "profile",
            json!({
                "id": 1, "username": "ann", "email": "ann@example.com", "name": "Ann",
                "avatarUrl": "https://example.com/ann.png", "bio": "Hello", "timeFormat": 24,
                "defaultScheduleId": 7, "weekStart": "Monday", "timeZone": "Europe/Oslo",
                "organizationId": 9, "organization": {"id": 9, "isPlatform": false},
            }),
        ),
        (
            "routed response",
            json!({
                "eventTypeId": 5, "routingCustomMessage": "Hello",
                "routingExternalRedirectUrl": "https://example.com",
                "routing": {
                    "responseId": 3, "queuedResponseId": "q3", "teamMemberIds": [101, 102],
                    "teamMemberEmail": "ann@example.com", "skipContactOwner": true,
                    "crmAppSlug": "salesforce", "crmOwnerRecordType": "Account",
                },
                "slots": {"2050-09-05": [{"start": "2050-09-05T09:00:00.000+02:00"}]},
            }),
        ),
        (
            "routed slots",
            json!({
                "eventTypeId": 5,
                "slots": {"2050-09-05": [{
                    "start": "2050-09-05T09:00:00.000+02:00",
                    "end": "2050-09-05T10:00:00.000+02:00",
                }]},
            }),
        ),
        (
            "routing form",
            json!({
                "id": "f1", "name": "My form", "description": "What for", "position": 0,
                "createdAt": "2050-09-05T09:00:00.000Z", "updatedAt": "2050-09-05T09:00:00.000Z",
                "userId": 1, "teamId": 2, "disabled": false,
                "fields": [{"type": "text"}], "routes": [{"action": {}}], "settings": {},
            }),
        ),
        ("verified email", json!({"id": 789, "email": "a@example.com", "userId": 1, "teamId": 2})),
        ("verified phone", json!({"id": 789, "phoneNumber": "+4712345678", "userId": 1})),
    ]
}

/// Reads JSON, or says why it cannot be read.
type Read = fn(&str) -> Result<(), String>;

fn read<T: DeserializeOwned>(json: &str) -> Result<(), String> {
    serde_json::from_str::<T>(json).map(drop).map_err(|error| error.to_string())
}

/// All samples, by how they are read.
static SAMPLES: LazyLock<Vec<(&str, Read, Value)>> = LazyLock::new(|| {
    let mut samples = Vec::new();
    for (name, read) in TYPES {
        let written = written().into_iter().filter(|(other, _)| other == name);
        let found = written.map(|(_, sample)| sample).chain(recorded(name));
        samples.extend(found.map(|sample| (*name, *read, sample)));
    }
    samples
});

/// Returns what was recorded of a type: the data of an answer, or all items of it.
fn recorded(name: &str) -> Vec<Value> {
    let numbers = RECORDED.iter().find(|(other, _)| *other == name);
    let (Some((_, numbers)), Some(folder)) = (numbers, shared("fixtures/api")) else {
        return Vec::new();
    };
    let mut samples = Vec::new();
    for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap()) {
        if !numbers.contains(&&file.file_name().to_str().unwrap()[..3]) {
            continue;
        }
        let recorded: Value =
            serde_json::from_str(&fs::read_to_string(file.path()).unwrap()).unwrap();
        let body = recorded["response"]["body"].as_str().unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        match body["data"].clone() {
            Value::Array(items) => samples.extend(items),
            item => samples.push(item),
        }
    }
    samples
}

/// What another version of the server may do to an answer.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// It leaves a member out.
    Remove,
    /// It has `null` where a member is.
    Null,
    /// It has a word that nobody knows where a text is.
    Word,
    /// It has a member that nobody knows.
    Add,
}

impl Change {
    fn any() -> impl Strategy<Value = Self> {
        prop::sample::select(vec![Self::Remove, Self::Null, Self::Word, Self::Add])
    }

    /// Does it somewhere.
    fn apply(self, sample: &mut Value, index: Index) {
        let mut places = Vec::new();
        find(sample, "", &mut places);
        let places: Vec<_> = places.into_iter().filter(|place| self.fits(sample, place)).collect();
        if places.is_empty() {
            return;
        }
        let (object, name) = index.get(&places);
        let object = sample.pointer_mut(object).unwrap().as_object_mut().unwrap();
        match self {
            Self::Remove => drop(object.remove(name)),
            Self::Null => object[name] = Value::Null,
            Self::Word => object[name] = "something-new".into(),
            Self::Add => drop(object.insert("somethingNew".to_owned(), json!({"a": [1, "b"]}))),
        }
    }

    /// Whether it can be done to this member.
    fn fits(self, sample: &Value, (object, name): &(String, String)) -> bool {
        let value = &sample.pointer(object).unwrap()[name];
        let is_main = object.is_empty();
        match self {
            // Without these, nobody knows what it is about.
            Self::Remove | Self::Null => {
                let is_needed = match &**name {
                    // An exception of a schedule is none without its day.
                    "date" | "id" | "uid" | "start" => true,
                    "end" | "status" | "teamId" | "userId" => is_main,
                    _ => false,
                };
                !is_needed && !is_day(name)
            }
            Self::Word => value.as_str().is_some_and(|text| !is_time(text)),
            Self::Add => !is_day(name),
        }
    }
}

/// Finds all members: where their object is, and their name.
fn find(value: &Value, path: &str, places: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let below = name.replace('~', "~0").replace('/', "~1");
                find(member, &format!("{path}/{below}"), places);
                places.push((path.to_owned(), name.clone()));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find(item, &format!("{path}/{index}"), places);
            }
        }
        _ => {}
    }
}

/// Whether a member is a day of slots, which is no name.
fn is_day(name: &str) -> bool {
    name.parse::<NaiveDate>().is_ok()
}

fn is_time(text: &str) -> bool {
    DateTime::parse_from_rfc3339(text).is_ok() || is_day(text)
}

#[test]
fn every_type_has_a_sample_that_is_read() {
    for (name, _) in TYPES {
        assert!(written().iter().any(|(other, _)| other == name), "there is no sample of a {name}");
    }
    for (name, read, sample) in &*SAMPLES {
        let result = read(&sample.to_string());
        assert_eq!(result, Ok(()), "a {name} is not read: {sample}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cal_testing::times(20))
    })]

    #[test]
    fn whatever_lacks_or_is_new_it_is_read(
        changes in vec((Change::any(), any::<Index>()), 1..20),
    ) {
        for (name, read, sample) in &*SAMPLES {
            let mut sample = sample.clone();
            for (change, index) in &changes {
                change.apply(&mut sample, *index);
            }
            let result = read(&sample.to_string());
            prop_assert_eq!(result, Ok(()), "a {} is not read: {}", name, sample);
        }
    }
}
