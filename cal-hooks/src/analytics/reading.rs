//! Events of what Cal.com reports.

use cal_core::{Booking, Event as Payload, FormSubmission, Meeting, Money, NoShowUpdate};
use cal_webhook::{Change, Context, HookError, Origin};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::Event;

/// The member of a booking's metadata that holds the page's random visitor id.
const VISITOR: &str = "funnel_id";

/// The members of a booking's metadata that tell which campaign the visitor came by.
const CAMPAIGN: [&str; 3] = ["utm_campaign", "utm_medium", "utm_source"];

impl Event {
    /// Reads what a delivery reports as an event; `None` when nobody counts it.
    ///
    /// The names are `booking_requested`, `booking_created`, `booking_rescheduled`,
    /// `booking_cancelled`, `booking_rejected`, `payment_initiated`, `payment_received` (also of a
    /// no-show fee), `meeting_ended`, `no_show` (of a mark; taking it back is no event) and
    /// `form_submitted`. A host who asks for another time has not lost the booking: that is none.
    ///
    /// The visitor is the member `funnel_id` of the booking's metadata, which a page puts there
    /// with `metadata[funnel_id]`, where it is a text of 1 to 64 of `A-Za-z0-9_-`; or else the first
    /// booking of the chain as far as the delivery tells; of a form, the delivery.
    ///
    /// This reads one delivery alone; [`Event::known`] asks the store for what it leaves out.
    ///
    /// Properties hold nothing personal: `status`, `duration` in minutes, `lead_time` in seconds
    /// from the news to the start, `price` in minor units with `currency`, the booker's `locale`,
    /// `fee` for a no-show fee, `form` for the form's id, and `utm_campaign`, `utm_medium` and
    /// `utm_source` of the booking's metadata.
    #[must_use]
    pub fn of(cx: &Context) -> Option<Self> {
        let transition = cx.transition().filter(|_| cx.reminder().is_none())?;
        let name = name(transition.change)?;
        let at = cx.reported_at();
        let uid = cx.event().booking_uid().cloned();
        // The calendar entry may name something that is no booking, unless the chain knows one before.
        let moved_from = transition.moved_from.clone();
        let first = moved_from.map(|from| transition.root.clone().unwrap_or(from));
        let visitor = first.or_else(|| uid.clone()).map(|uid| uid.to_string());
        let visitor = visitor.unwrap_or_else(|| cx.delivery_id().to_string());
        let event = Self { uid, ..Self::new(cx.idempotency_key(), name.to_owned(), at, visitor) };
        match cx.event() {
            Payload::BookingNoShowUpdated(update) => of_absence(event, update),
            Payload::FormSubmitted(form) => Some(of_form(event, form)),
            Payload::MeetingEnded(meeting) => Some(of_meeting(event, meeting)),
            payload => {
                let fee = transition.change == Change::NoShowFee;
                Some(of_booking(event, payload.booking()?, fee))
            }
        }
    }

    /// Does the same with the visitor and the campaign of the booking, or of those that it replaced: a
    /// payment, a move and a cancellation do not tell them.
    ///
    /// # Errors
    ///
    /// Fails when the store is out of reach.
    pub async fn known(cx: &Context) -> Result<Option<Self>, HookError> {
        let Some(mut event) = Self::of(cx) else { return Ok(None) };
        if event.uid.is_none() {
            return Ok(Some(event));
        }
        let own = cx.booking().and_then(|booking| booking.metadata.as_ref());
        let is_told = visitor(own).is_some();
        let origin = if is_told { Origin::of(cx.delivery()) } else { cx.origin().await? };
        if let Some(visitor) = visitor(Some(&origin.metadata)) {
            visitor.clone_into(&mut event.visitor);
        } else if let Some(first) =
            origin.first.as_ref().filter(|it| Some(*it) != event.uid.as_ref())
        {
            event.visitor = first.to_string();
        }
        for name in CAMPAIGN {
            let value = origin.metadata.get(name).filter(|value| is_campaign(value)).cloned();
            put(&mut event, name, value);
        }
        Ok(Some(event))
    }
}

fn name(change: Change) -> Option<&'static str> {
    Some(match change {
        Change::Booked => "booking_created",
        Change::Cancelled => "booking_cancelled",
        Change::Ended => "meeting_ended",
        Change::Form => "form_submitted",
        Change::NoShow => "no_show",
        Change::NoShowFee | Change::Paid => "payment_received",
        Change::PaymentInitiated => "payment_initiated",
        Change::Rejected => "booking_rejected",
        Change::Requested => "booking_requested",
        Change::Rescheduled => "booking_rescheduled",
        _ => return None,
    })
}

fn of_booking(event: Event, booking: &Booking, fee: bool) -> Event {
    let mut event = Event { service: service(booking), ..event };
    if let Some(visitor) = visitor(booking.metadata.as_ref()) {
        visitor.clone_into(&mut event.visitor);
    }
    let status = booking.status.as_ref().map(|status| status.as_str().to_lowercase());
    put(&mut event, "status", status.as_deref().and_then(word));
    put(&mut event, "locale", booking.booker().and_then(|booker| word(booker.locale()?)));
    if let Some((start, end)) = booking.period() {
        let lead_time = seconds(event.at, start);
        put(&mut event, "lead_time", lead_time);
        put(&mut event, "duration", minutes(start, end));
    }
    let charged = || booking.payment_data.as_ref()?.money();
    let due = || booking.payment_info.as_ref()?.money();
    let price = if fee { charged().or_else(due) } else { booking.price() };
    if let Some(Money { minor_units, currency, .. }) = price {
        put(&mut event, "price", Some(json!(minor_units)));
        put(&mut event, "currency", word(currency.as_str()));
    }
    put(&mut event, "fee", fee.then_some(json!(true)));
    event
}

/// What ended has no time of sending.
fn of_meeting(event: Event, meeting: &Meeting) -> Event {
    let mut event = Event { service: meeting_service(meeting), at: meeting.end, ..event };
    if let Some(visitor) = visitor(meeting.metadata.as_ref()) {
        visitor.clone_into(&mut event.visitor);
    } else if let Some(first) = &meeting.from_reschedule {
        event.visitor = first.to_string();
    }
    put(&mut event, "duration", minutes(meeting.start, meeting.end));
    event
}

fn of_absence(event: Event, update: &NoShowUpdate) -> Option<Event> {
    update.attendees.iter().any(|attendee| attendee.no_show).then_some(event)
}

fn of_form(mut event: Event, form: &FormSubmission) -> Event {
    let id = form.form_id.as_ref().and_then(|id| word(&id.to_string()));
    put(&mut event, "form", id);
    event
}

/// Returns the page's random visitor id, where a booking carries one.
pub(super) fn visitor(metadata: Option<&Map<String, Value>>) -> Option<&str> {
    metadata?.get(VISITOR)?.as_str().filter(|id| is_id(id))
}

/// Whether a value names a campaign, and nobody's address.
fn is_campaign(value: &Value) -> bool {
    let is_short = |text: &str| (1..=100).contains(&text.chars().count());
    value
        .as_str()
        .is_some_and(|text| is_short(text) && !text.contains('@') && !text.contains("%40"))
}

/// Whether a text is what pages make for ids: 1 to 64 of `A-Za-z0-9_-`.
pub(super) fn is_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=64).contains(&text.len()) && text.bytes().all(is_plain)
}

/// Returns the last part of the event type's link.
pub(super) fn service(booking: &Booking) -> Option<String> {
    booking.event_type_slug.clone().filter(|slug| !slug.is_empty())
}

/// Returns the last part of the event type's link.
pub(super) fn meeting_service(meeting: &Meeting) -> Option<String> {
    meeting.event_type.as_ref()?.slug.clone().filter(|slug| !slug.is_empty())
}

fn put(event: &mut Event, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        event.properties.insert(name.to_owned(), value);
    }
}

/// A value of a short list, such as a status; whatever else stands there is left out.
fn word(text: &str) -> Option<Value> {
    is_id(text).then(|| json!(text))
}

fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> Option<Value> {
    let seconds = to.signed_duration_since(from).num_seconds();
    (seconds >= 0).then(|| json!(seconds))
}

fn minutes(start: DateTime<Utc>, end: DateTime<Utc>) -> Option<Value> {
    let minutes = end.signed_duration_since(start).num_minutes();
    (minutes >= 0).then(|| json!(minutes))
}
