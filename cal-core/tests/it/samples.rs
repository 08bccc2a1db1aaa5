//! The samples: every trigger and the oddities of its payload, read without loss.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use cal_core::{
    AnswerValue, AssignmentReason, Booking, BookingStatus, Delivery, DestinationCalendars, Event,
    FormAction, FormResponse, FormSubmission, Meeting, Parsed, PaymentOption, TimeFormat, Trigger,
};
use chrono::Datelike;

use crate::walk;

/// One file of the folder `samples`.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) body: String,
}

/// All samples in the order of their names.
pub(crate) fn all() -> Vec<Sample> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let sample = |file: &PathBuf| Sample {
        name: file.file_stem().unwrap().to_str().unwrap().to_owned(),
        body: fs::read_to_string(file).unwrap(),
    };
    files.iter().map(sample).collect()
}

/// The samples that stand for typed payloads.
pub(crate) fn typed() -> Vec<Sample> {
    let mut samples = all();
    samples.retain(|sample| expected(&sample.name) == Parsed::Typed);
    samples
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

fn read(name: &str) -> Delivery {
    Delivery::parse(fs::read(folder().join(name).with_extension("json")).unwrap())
}

fn booking(name: &str) -> Booking {
    Booking::clone(read(name).event.booking().unwrap())
}

fn meeting(name: &str) -> (Delivery, Meeting) {
    let delivery = read(name);
    let (Event::MeetingEnded(row) | Event::MeetingStarted(row)) = &delivery.event else {
        panic!("{name} is no meeting")
    };
    let row = Meeting::clone(row);
    (delivery, row)
}

fn form(name: &str) -> FormSubmission {
    match read(name).event {
        Event::FormSubmitted(form) | Event::FormSubmittedNoEvent(form) => form.as_ref().clone(),
        _ => panic!("{name} is no form"),
    }
}

/// How far a sample can be read, by the beginning of its name.
fn expected(name: &str) -> Parsed {
    match name.split('_').next() {
        Some("opaque") => Parsed::Opaque,
        Some("unknown") => Parsed::Unknown,
        _ => Parsed::Typed,
    }
}

/// The trigger that a sample's name begins with.
fn trigger(name: &str) -> Option<Trigger> {
    let name = name.to_uppercase();
    let triggers = Trigger::SUBSCRIBABLE.into_iter().chain([Trigger::Ping]);
    triggers
        .filter(|known| name.starts_with(known.as_str()))
        .max_by_key(|known| known.as_str().len())
}

#[test]
fn every_sample_is_read_as_far_as_its_name_says() {
    for Sample { name, body } in all() {
        let delivery = Delivery::parse(body.clone());
        assert_eq!(delivery.parsed(), expected(&name), "{name}: {:?}", delivery.event);
        assert_eq!(delivery.body(), body.as_bytes(), "{name}");
        assert!(delivery.set_aside().is_empty(), "{name}: {:?}", delivery.set_aside());
        match expected(&name) {
            Parsed::Typed => assert_eq!(delivery.event.trigger(), trigger(&name), "{name}"),
            Parsed::Opaque => assert_eq!(delivery.event.trigger(), None, "{name}"),
            _ => assert!(matches!(delivery.event.trigger(), Some(Trigger::Other(_))), "{name}"),
        }
    }
}

#[test]
fn every_trigger_has_a_sample() {
    let shown: BTreeSet<String> = typed()
        .iter()
        .map(|sample| Delivery::parse(sample.body.clone()).event.trigger().unwrap().to_string())
        .collect();
    let known: BTreeSet<String> =
        Trigger::SUBSCRIBABLE.iter().chain([&Trigger::Ping]).map(Trigger::to_string).collect();
    assert_eq!(shown, known);
}

#[test]
fn no_typed_sample_loses_a_value() {
    for Sample { name, body } in typed() {
        assert_eq!(walk::differences(&body), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn only_a_nested_meeting_says_when_it_was_sent() {
    for flat in ["meeting_ended", "meeting_started", "meeting_started_bare_answers"] {
        let (delivery, row) = meeting(flat);
        assert_eq!(delivery.created_at, None, "{flat}");
        assert!(row.created_at.unwrap() < row.start, "{flat}");
    }
    let (delivery, row) = meeting("meeting_ended_nested");
    assert!(delivery.created_at.unwrap() > row.end);
    assert!(row.created_at.unwrap() < row.start);
}

#[test]
fn bare_answers_of_2023_are_read_on_request() {
    let answers = read("opaque_form_answers_2023").bare_answers().unwrap();
    assert_eq!(answers.len(), 4);
    assert_eq!(answers.get("Your e-mail"), Some(&AnswerValue::Text("eilidh@example.org".into())));
    assert_eq!(
        answers.get("Days"),
        Some(&AnswerValue::List(vec!["Monday".into(), "Friday".into()]))
    );
    assert!(read("form_submitted").bare_answers().is_none());
    assert!(read("unknown_flat").bare_answers().is_none());
    assert!(read("opaque_template_false").bare_answers().is_none());
}

#[test]
fn a_form_answer_is_found_wherever_it_stands() {
    let beside = form("form_submitted");
    assert_eq!(beside.root_answers.len(), 5);
    assert!(beside.payload_answers.is_empty());
    let within = form("form_submitted_answers_in_payload");
    assert!(within.root_answers.is_empty());
    assert_eq!(within.payload_answers.len(), 6);
    assert_eq!(within.answer("referral"), Some(&AnswerValue::Text("a friend".into())));
    let later = form("form_submitted_no_event");
    assert!(later.root_answers.is_empty() && later.payload_answers.is_empty());
    assert_eq!(later.redirect.as_ref().unwrap().action, Some(FormAction::EventTypeRedirectUrl));
    for form in [&beside, &within, &later] {
        assert_eq!(form.answer("craft"), Some(&AnswerValue::List(vec!["Pottery".into()])));
        assert_eq!(form.answer("nothing"), None);
        let days = form.responses.as_ref().unwrap().get("Days").unwrap();
        let Some(FormResponse::Options(days)) = &days.response else { panic!("no options") };
        assert!(days[0].id.is_some() && days[1].id.is_none());
    }

    for mut bare in [beside, within] {
        bare.responses = None;
        assert_eq!(bare.answer("people"), Some(&AnswerValue::Number(3.into())));
    }
}

#[test]
fn every_kind_of_answer_has_its_variant() {
    let booking = booking("booking_created_questions");
    let answers = booking.responses.as_ref().unwrap();
    let value = |slug| answers.get(slug).unwrap().value.clone();
    let name = AnswerValue::Name { first_name: "Eilidh".into(), last_name: "Kinloch".into() };
    assert_eq!(value("name"), Some(name));
    let place = AnswerValue::Choice { value: "phone".into(), option_value: "+442079460958".into() };
    assert_eq!(value("location"), Some(place));
    assert_eq!(value("topics").unwrap().to_string(), "Pricing, Hosting");
    assert_eq!(value("nda"), Some(AnswerValue::Flag(true)));
    assert_eq!(value("seats-wanted"), Some(AnswerValue::Number(12.into())));
    assert_eq!(value("site"), None);
    assert_eq!(answers.get("site").unwrap().is_hidden, Some(true));

    let (_, row) = meeting("meeting_started_bare_answers");
    let bare = row.responses.unwrap();
    assert_eq!(bare.get("name").unwrap().label, None);
    assert_eq!(
        bare.get("guests").unwrap().value.as_ref().unwrap().to_string(),
        "office@example.net"
    );
    assert!(matches!(bare.get("location").unwrap().value, Some(AnswerValue::Choice { .. })));
}

#[test]
fn variants_of_a_booking_show_in_its_members() {
    let calendars = booking("booking_created_2022").destination_calendar.unwrap();
    assert!(matches!(calendars, DestinationCalendars::One(_)));
    assert_eq!(calendars.as_slice()[0].id, Some(44));
    let calendars = booking("booking_created").destination_calendar.unwrap();
    assert_eq!(calendars.as_slice()[0].created_at.unwrap().year(), 2025);
    assert!(booking("booking_cancelled").destination_calendar.unwrap().as_slice().is_empty());

    let new = booking("booking_created_version_2026_07_27");
    let file = new.attendee_ics_content.unwrap();
    assert!(file.starts_with("BEGIN:VCALENDAR\r\n") && file.contains("METHOD:REQUEST"));
    assert_ne!(new.organizer_ics_content, Some(file));

    let left = booking("booking_cancelled_seat");
    let row = left.booker().unwrap().booking_seat.as_ref().unwrap();
    assert_eq!(row.reference_uid, booking("booking_created_seat").attendee_seat_id);
    assert_eq!(booking("booking_created_series").recurring_event.unwrap().count, Some(6));
    assert_eq!(booking("booking_cancelled_request_reschedule").request_reschedule, Some(true));
    let moved = booking("booking_requested_move");
    assert_eq!(moved.reschedule_uid, booking("booking_requested").uid);
    assert_eq!(booking("booking_requested_move_unlinked").reschedule_uid, None);

    let fee = booking("booking_paid_no_show_fee");
    assert_eq!((fee.uid, fee.status), (None, None));
    assert_eq!(fee.payment_info.unwrap().payment_option, Some(PaymentOption::Hold));
    assert_eq!(fee.payment_data.unwrap().money().unwrap().minor_units, 2500);
    assert_eq!(booking("booking_rejected").status, Some(BookingStatus::Rejected));
}

#[test]
fn helpers_look_wherever_this_version_put_it() {
    let created = booking("booking_created");
    assert_eq!(created.meeting_url(), created.location.as_ref().unwrap().url());
    let mut meet = booking("booking_created_google_meet");
    meet.metadata = None;
    assert_eq!(meet.meeting_url(), Some("https://meet.example.com/qkz-wvta-hme"));
    assert_eq!(booking("booking_created_seat").meeting_url(), None);

    assert_eq!(booking("booking_created_questions").price().unwrap().currency.as_str(), "GBP");
    assert_eq!(booking("booking_cancelled").price(), None);

    let routed = booking("booking_created_team").assignment_reason;
    assert!(matches!(routed.as_deref(), Some(AssignmentReason::Rows(rows)) if rows.len() == 1));
    let reassigned = booking("booking_reassigned").assignment_reason;
    assert!(matches!(reassigned.as_deref(), Some(AssignmentReason::Category { .. })));

    for name in ["wrong_assignment_report", "wrong_assignment_report_documented"] {
        let Event::WrongAssignmentReport(report) = read(name).event else { panic!("{name}") };
        assert_eq!(report.report.as_ref().unwrap().reason(), Some("Company size: 11 to 50"));
    }

    let (_, row) = meeting("meeting_ended");
    assert_eq!(row.attendees[0].locale(), Some("ro"));
    assert_eq!(created.organizer.locale(), Some("nb"));
    assert!(created.organizer.time_format.unwrap().is_24_hours());
    let Event::RecordingReady(recording) = read("recording_ready").event else { panic!() };
    assert_eq!(recording.organizer.time_format, Some(TimeFormat::Hours(12.into())));
}
