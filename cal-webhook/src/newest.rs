//! The newest known state of a booking, merged from all reports about it.
//!
//! Reports differ in what they say: a payment has metadata of its own, a confirmation no link, a
//! cancellation neither. Therefore a later report replaces what an earlier one said only where its
//! trigger describes the whole booking; every other report fills in what is missing.

use std::sync::Arc;

use cal_core::{Booking, Delivery, Event, Location};

/// The member of a booking's metadata that holds the public link of the meeting.
pub(crate) const LINK: &str = "videoCallUrl";

/// Returns a delivery's booking with its time, place, people and answers as they are known now.
///
/// `reports` are those about the same booking, the newest first. Of a booking with seats only what is
/// the same for all of them is taken: the people and answers of a report are those of one seat.
pub(crate) fn newest(own: &Delivery, reports: Vec<Arc<Delivery>>) -> Option<Booking> {
    let own_booking = own.event.booking();
    let mut known: Option<Booking> = None;
    for report in in_order(own, reports) {
        let Some(booking) = report.event.booking() else { continue };
        add(known.get_or_insert_with(|| Booking::clone(booking)), booking, &report.event);
    }
    let known = known?;
    let Some(own) = own_booking else { return Some(known) };
    let mut told = Booking::clone(own);
    let is_shared = own.seats_per_time_slot.or(known.seats_per_time_slot).is_some();
    take_common(&mut told, &known);
    if !is_shared {
        take_own(&mut told, known);
    }
    Some(told)
}

/// Puts reports in the order in which they were made, the own one among them.
fn in_order(own: &Delivery, reports: Vec<Arc<Delivery>>) -> Vec<Arc<Delivery>> {
    let mut reports = reports;
    reports.reverse();
    if !reports.iter().any(|report| report.body() == own.body()) {
        let is_before = |report: &Arc<Delivery>| report.created_at <= own.created_at;
        let place = reports.iter().take_while(|report| is_before(report)).count();
        reports.insert(place, Arc::new(own.clone()));
    }
    reports
}

/// Adds what the next report says.
fn add(known: &mut Booking, report: &Booking, event: &Event) {
    let is_whole = matches!(
        event,
        Event::BookingCreated(_)
            | Event::BookingLocationUpdated(_)
            | Event::BookingReassigned(_)
            | Event::BookingRequested(_)
            | Event::BookingRescheduled(_)
    );
    let says_more = |known: bool, said: bool| said && (is_whole || !known);
    if says_more(known.start.is_some(), report.start.is_some()) {
        (known.start, known.end, known.length) = (report.start, report.end, report.length);
    }
    if says_more(!known.title.is_empty(), !report.title.is_empty()) {
        known.title.clone_from(&report.title);
    }
    if says_more(!known.organizer.email.is_empty(), !report.organizer.email.is_empty()) {
        known.organizer = report.organizer.clone();
    }
    if says_more(!known.attendees.is_empty(), !report.attendees.is_empty()) {
        known.attendees.clone_from(&report.attendees);
    }
    let has_members =
        |booking: &Booking| booking.team.as_ref().is_some_and(|team| !team.members.is_empty());
    if says_more(has_members(known), has_members(report)) || known.team.is_none() {
        known.team.clone_from(&report.team);
    }
    macro_rules! options {
        ($($name:ident),+) => { $(
            if says_more(known.$name.is_some(), report.$name.is_some()) {
                known.$name.clone_from(&report.$name);
            }
        )+ };
    }
    options!(additional_notes, booker_url, event_title, event_type_slug, event_type_id);
    options!(seats_per_time_slot, sms_reminder_number, hide_organizer_email);
    let is_answered = |booking: &Booking| {
        booking.responses.as_ref().is_some_and(|answers| answers.iter().next().is_some())
    };
    if says_more(is_answered(known), is_answered(report)) {
        known.responses.clone_from(&report.responses);
        known.user_fields_responses.clone_from(&report.user_fields_responses);
    }
    add_place(known, report, matches!(event, Event::BookingLocationUpdated(_)));
    for (name, value) in report.metadata.iter().flatten().filter(|(name, _)| *name != LINK) {
        let metadata = known.metadata.get_or_insert_default();
        if is_whole || !metadata.contains_key(name) {
            metadata.insert(name.clone(), value.clone());
        }
    }
}

/// Adds where it takes place: a link belongs to the place it was reported with.
fn add_place(known: &mut Booking, report: &Booking, is_new: bool) {
    let has_link = report.meeting_url().is_some();
    match &report.location {
        Some(location) if *location != Location::Unspecified => {
            let is_same = known.location.as_ref() == Some(location);
            // An app without a link says less than a link that is known, unless it is a new place.
            let is_vague = is_app(location) && known.meeting_url().is_some() && !is_new;
            if has_link || !(is_same || is_vague) {
                take_place(known, report, is_new);
            }
        }
        _ if has_link && known.meeting_url().is_none() => {
            let location = known.location.take();
            take_place(known, report, is_new);
            known.location = location;
        }
        _ => {}
    }
}

/// Takes the place, and what leads there; a new place that is a link itself has no other one.
fn take_place(to: &mut Booking, from: &Booking, is_new: bool) {
    to.location.clone_from(&from.location);
    let has_link = match &from.location {
        Some(Location::Url(_)) => !is_new,
        Some(location) => is_app(location),
        None => true,
    };
    let from = Some(from).filter(|_| has_link);
    to.video_call_data = from.and_then(|from| from.video_call_data.clone());
    to.conference_data = from.and_then(|from| from.conference_data.clone());
    to.additional_information = from.and_then(|from| from.additional_information.clone());
    match from.and_then(|from| from.metadata.as_ref()?.get(LINK)).cloned() {
        Some(link) => {
            to.metadata.get_or_insert_default().insert(LINK.to_owned(), link);
        }
        None => {
            if let Some(metadata) = &mut to.metadata {
                metadata.remove(LINK);
            }
        }
    }
}

/// Whether people meet in an app, as far as the location tells.
fn is_app(location: &Location) -> bool {
    matches!(
        location,
        Location::CalVideo
            | Location::Conferencing
            | Location::GoogleMeet
            | Location::Integration(_)
            | Location::Link
            | Location::MicrosoftTeams
            | Location::Unspecified
            | Location::Zoom
    )
}

/// Takes what is the same for everybody who comes.
fn take_common(to: &mut Booking, from: &Booking) {
    (to.start, to.end, to.length) = (from.start, from.end, from.length);
    to.title.clone_from(&from.title);
    to.organizer = from.organizer.clone();
    to.team.clone_from(&from.team);
    to.booker_url.clone_from(&from.booker_url);
    to.event_title.clone_from(&from.event_title);
    to.event_type_slug.clone_from(&from.event_type_slug);
    to.event_type_id = from.event_type_id;
    to.seats_per_time_slot = from.seats_per_time_slot;
    to.hide_organizer_email = from.hide_organizer_email;
    take_place(to, from, false);
}

/// Takes what only a booking without seats has once.
fn take_own(to: &mut Booking, from: Booking) {
    to.attendees = from.attendees;
    to.responses = from.responses;
    to.user_fields_responses = from.user_fields_responses;
    to.additional_notes = from.additional_notes;
    to.sms_reminder_number = from.sms_reminder_number;
    let own = to.metadata.take();
    let mut metadata = from.metadata.unwrap_or_default();
    metadata.extend(own.into_iter().flatten().filter(|(name, _)| name != LINK));
    to.metadata = Some(metadata).filter(|metadata| !metadata.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(trigger: &str, second: u32, payload: &str) -> Arc<Delivery> {
        Arc::new(Delivery::parse(format!(
            r#"{{"triggerEvent":"{trigger}","createdAt":"2026-05-04T09:30:{second:02}Z",
            "payload":{{"uid":"a","startTime":"2026-05-11T08:00:00Z",{payload}}}}}"#
        )))
    }

    /// Returns the newest state for the first of these reports.
    fn known(reports: &[Arc<Delivery>]) -> Booking {
        let mut all = reports.to_vec();
        all.sort_by_key(|report| std::cmp::Reverse(report.created_at));
        newest(&reports[0], all).unwrap()
    }

    const VIDEO: &str = r#""location":"integrations:daily",
        "metadata":{"videoCallUrl":"https://video.example/a","funnel_id":"v"}"#;

    #[test]
    fn what_a_report_leaves_out_stays() {
        let created = report("BOOKING_CREATED", 0, VIDEO);
        for payload in [r#""metadata":null"#, r#""location":"integrations:daily","metadata":{}"#] {
            for trigger in ["BOOKING_PAID", "BOOKING_CREATED", "BOOKING_REASSIGNED"] {
                let later = report(trigger, 9, payload);
                let told = known(&[later, created.clone()]);
                assert_eq!(
                    told.meeting_url(),
                    Some("https://video.example/a"),
                    "{trigger} {payload}"
                );
                assert!(told.metadata.unwrap().contains_key("funnel_id"));
            }
        }
    }

    #[test]
    fn a_link_belongs_to_the_place_it_was_told_with() {
        let created = report("BOOKING_CREATED", 0, VIDEO);
        let places = [
            (r#""location":"12 Harbour Row""#, None),
            (r#""location":"integrations:zoom""#, None),
            (r#""location":"https://b.example""#, Some("https://b.example")),
            (r#""location":"+4722334455","metadata":{"videoCallUrl":"https://old.example"}"#, None),
        ];
        for (place, link) in places {
            let moved = report("BOOKING_LOCATION_UPDATED", 9, place);
            let told = known(&[created.clone(), moved]);
            assert_eq!(told.meeting_url(), link, "{place}");
        }
    }

    #[test]
    fn people_and_answers_of_other_seats_are_left_out() {
        let seat = |second, name: &str| {
            let payload = format!(
                r#""seatsPerTimeSlot":4,"location":"Room {second}","additionalNotes":"{name}",
                "attendees":[{{"name":"{name}","email":"{name}@guest.example"}}]"#
            );
            report("BOOKING_CREATED", second, &payload)
        };
        let told = known(&[seat(1, "runa"), seat(2, "sten")]);
        assert_eq!(told.attendees[0].name, "runa");
        assert_eq!(told.additional_notes.as_deref(), Some("runa"));
        assert_eq!(told.location.as_ref().map(Location::as_str), Some("Room 2"));
    }
}
