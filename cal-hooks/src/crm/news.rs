//! What a delivery means for contacts.

use cal_core::{
    AnswerValue, Booking, BookingUid, CalVideoNoShow, Event, FormSubmission, Meeting, NoShowUpdate,
};
use cal_webhook::{Change, Context};

use super::{Activity, Contact, Stage, people};
use crate::{
    person::{address, payer},
    typed,
};

/// News for one contact.
pub(super) struct News {
    pub(super) contact: Contact,
    /// What happened to the contact; guests are only there.
    pub(super) deed: Option<Deed>,
}

/// Something that happened to a contact.
pub(super) struct Deed {
    pub(super) activity: Activity,
    /// The stage that follows, points, and why.
    pub(super) worth: Worth,
    /// Whether the contact was there, where that is what happened; it is worth what is not known yet.
    pub(super) presence: Option<Presence>,
}

type Worth = (Option<Stage>, i32, &'static str);

/// What is said about whether a contact came.
#[derive(Clone, Copy)]
pub(super) enum Presence {
    /// The meeting is over, and nobody has complained.
    Over,
    /// Marked as absent.
    Absent,
    /// No longer marked as absent.
    Present,
}

const NOTHING: Worth = (None, 0, "");

/// Reads what a delivery means, contact by contact; `newest` is its booking as it is known now.
pub(super) fn of(cx: &Context, newest: Option<Booking>) -> Vec<News> {
    let Some(change) = cx.transition().map(|transition| transition.change) else {
        return Vec::new();
    };
    match cx.event() {
        Event::BookingNoShowUpdated(update) => of_marks(cx, change, update),
        Event::AfterGuestsCalVideoNoShow(call) | Event::AfterHostsCalVideoNoShow(call) => {
            of_call(cx, change, call)
        }
        Event::FormSubmitted(form) | Event::FormSubmittedNoEvent(form) => {
            of_form(cx, change, form).into_iter().collect()
        }
        Event::MeetingEnded(meeting) => of_meeting(cx, change, meeting).into_iter().collect(),
        event => {
            let Some((told, mut booking)) = event.booking().zip(newest) else { return Vec::new() };
            // Keys of activities go by the places that attendees have in the delivery.
            booking.attendees.clone_from(&told.attendees);
            of_booking(cx, change, &booking)
        }
    }
}

/// What news of a booking are worth; `None` where they are none for a contact.
fn worth(change: Change) -> Option<Worth> {
    Some(match change {
        Change::Booked => (Some(Stage::Opportunity), 20, "booked"),
        Change::Rescheduled => (Some(Stage::Opportunity), 0, ""),
        Change::Paid => (Some(Stage::Customer), 30, "paid"),
        Change::Cancelled => (Some(Stage::Lead), -10, "cancelled"),
        Change::Form => (Some(Stage::Lead), 5, "filled in a form"),
        Change::PaymentInitiated | Change::Rejected | Change::Requested => {
            (Some(Stage::Lead), 0, "")
        }
        Change::FormWithoutBooking
        | Change::LocationChanged
        | Change::NoShowFee
        | Change::Reassigned
        | Change::RescheduleRequested => NOTHING,
        _ => return None,
    })
}

fn of_booking(cx: &Context, change: Change, booking: &Booking) -> Vec<News> {
    let Some(worth) = worth(change) else { return Vec::new() };
    let has_seats = booking.seats_per_time_slot.is_some();
    let invites = matches!(change, Change::Booked | Change::Requested | Change::Rescheduled);
    let host = address(&booking.organizer.email);
    let payer = payer(booking).filter(|_| change == Change::Paid);
    let attendees = booking.attendees.iter().enumerate();
    let news = attendees.filter_map(|(place, person)| {
        let contact = people::of_attendee(booking, place)
            .filter(|contact| Some(&contact.email) != host.as_ref())?;
        let books = match (change, payer) {
            (Change::Paid, payer) => payer == Some(person),
            _ => place == 0 || has_seats,
        };
        let deed = books.then(|| Deed {
            activity: Activity {
                uid: booking.uid.clone(),
                title: booking.title.clone(),
                start: booking.start,
                end: booking.end,
                meeting_url: booking.meeting_url().map(str::to_owned),
                note: note(change, booking),
                ..activity(cx, change, place)
            },
            worth,
            presence: None,
        });
        (books || invites).then_some(News { contact, deed })
    });
    news.collect()
}

/// `BOOKING_NO_SHOW_UPDATED` has addresses and no names.
fn of_marks(cx: &Context, change: Change, update: &NoShowUpdate) -> Vec<News> {
    let news = update.attendees.iter().enumerate().filter_map(|(place, row)| {
        let contact = people::of_email(&row.email)?;
        let absent = Some(row.no_show);
        let activity = Activity { uid: update.uid.clone(), absent, ..activity(cx, change, place) };
        let presence = if row.no_show { Presence::Absent } else { Presence::Present };
        let deed = Deed { activity, worth: NOTHING, presence: Some(presence) };
        Some(News { contact, deed: Some(deed) })
    });
    news.collect()
}

/// Of a call that guests did not join there are those who were marked as absent, of one that a host
/// did not join there is the booker.
fn of_call(cx: &Context, change: Change, call: &CalVideoNoShow) -> Vec<News> {
    let (people, presence): (Vec<_>, _) = if change == Change::GuestNoShow {
        (call.absent_guests().into_iter().enumerate().collect(), Presence::Absent.into())
    } else {
        (call.attendees.iter().enumerate().take(1).collect(), None)
    };
    let news = people.into_iter().filter_map(|(place, person)| {
        let activity = Activity {
            uid: call.uid.clone(),
            title: call.title.clone(),
            start: call.start,
            end: call.end,
            ..activity(cx, change, place)
        };
        let deed = Deed { activity, worth: NOTHING, presence };
        Some(News { contact: people::of_person(person)?, deed: Some(deed) })
    });
    news.collect()
}

/// `MEETING_ENDED`: the booker has come, unless the row says otherwise.
fn of_meeting(cx: &Context, change: Change, meeting: &Meeting) -> Option<News> {
    let user = meeting.user.as_ref().and_then(|user| user.email.as_deref());
    let hosts = [user, meeting.user_primary_email.as_deref()];
    let hosts = hosts.map(|host| host.and_then(address));
    let mut attendees = meeting.attendees.iter().enumerate();
    let (place, person, contact) = attendees.find_map(|(place, person)| {
        let contact = people::of_person(person)?;
        let is_host = hosts.iter().flatten().any(|host| *host == contact.email);
        (!is_host).then_some((place, person, contact))
    })?;
    let activity = Activity {
        uid: meeting.uid.clone(),
        title: meeting.title.clone(),
        at: meeting.end,
        start: Some(meeting.start),
        end: Some(meeting.end),
        ..activity(cx, change, place)
    };
    let is_absent = person.no_show == Some(true);
    let presence = if is_absent { Presence::Absent } else { Presence::Over };
    let deed = Deed { activity, worth: NOTHING, presence: Some(presence) };
    Some(News { contact, deed: Some(deed) })
}

/// A form has a contact when one of its answers is an e-mail address or a telephone number.
fn of_form(cx: &Context, change: Change, form: &FormSubmission) -> Option<News> {
    let contact = people::of_form(form)?;
    let title = form.form_name.clone().unwrap_or_default();
    let activity = Activity { title, ..activity(cx, change, 0) };
    let deed = Deed { activity, worth: worth(change)?, presence: None };
    Some(News { contact, deed: Some(deed) })
}

/// An activity of the attendee at this place, about whom nothing more is known.
fn activity(cx: &Context, change: Change, place: usize) -> Activity {
    let moved_from: Option<&BookingUid> = cx.transition().and_then(|it| it.predecessor());
    let key = format!("{}/{place}", cx.idempotency_key());
    let at = cx.reported_at();
    Activity { moved_from: moved_from.cloned(), ..Activity::new(key, change, String::new(), at) }
}

/// What was typed: why a booking ended, else the notes and the answers, each on a line.
fn note(change: Change, booking: &Booking) -> Option<String> {
    match change {
        Change::Cancelled | Change::Rejected | Change::RescheduleRequested => {
            return typed::reason(booking);
        }
        Change::Booked | Change::Requested | Change::Rescheduled => {}
        _ => return None,
    }
    let mut lines: Vec<String> = text(booking.additional_notes.as_deref()).into_iter().collect();
    for (slug, answer) in booking.user_fields_responses.iter().flat_map(|fields| fields.iter()) {
        let value = answer.value.as_ref().map(AnswerValue::to_string);
        if let Some(value) = text(value.as_deref()) {
            let label = answer.label.as_deref().unwrap_or(slug);
            lines.push(format!("{label}: {value}"));
        }
    }
    text(Some(&lines.join("\n")))
}

fn text(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}
