//! The calendar file that a mail carries.

use cal_webhook::{Context, HookError};

use super::{
    CalendarFile, Invitation, Kind, Mailbox, Mailer, View, clean, links,
    mailer::{News, address},
};

/// Writes the file of a mail about a booking that stands or no longer stands.
///
/// The UID is that of the chain's first booking in Cal.com's own form, `<uid>@Cal.com`, and the
/// sequence counts the news of the chain; without a store, what the payload says is taken.
pub(super) async fn file(
    mailer: &Mailer,
    cx: &Context,
    news: &News<'_>,
    view: &View,
    to: &Mailbox,
) -> Result<Option<CalendarFile>, HookError> {
    let is_over = match news.kind {
        Kind::Confirmed | Kind::Rescheduled => false,
        Kind::Cancelled | Kind::RescheduleRequested => true,
        _ => return Ok(None),
    };
    let booking = news.booking;
    let (Some(uid), Some((start, end))) = (&booking.uid, booking.period()) else {
        return Ok(None);
    };
    let place = mailer.records.place(cx.delivery_id()).await?;
    let told = booking.ical_uid.clone().filter(|uid| !uid.is_empty());
    let (uid, sequence) = match place {
        Some((chain, step)) => (format!("{chain}@Cal.com"), step),
        None => {
            let sequence = booking.ical_sequence.and_then(|number| u32::try_from(number).ok());
            (told.unwrap_or_else(|| format!("{uid}@Cal.com")), sequence.unwrap_or(0))
        }
    };
    let hidden = booking.hide_organizer_email == Some(true);
    let organizer = address(&booking.organizer).filter(|_| !hidden);
    let lines = |name| view.fact(name).map(|fact| fact.lines.clone()).unwrap_or_default();
    let link = booking.meeting_url().and_then(links::safe);
    let location = link.clone().or_else(|| Some(lines("place").join(", ")));
    let invitation = Invitation {
        uid,
        sequence,
        stamp: cx.received_at(),
        start,
        end,
        summary: clean::line(&booking.title),
        description: link.into_iter().chain(lines("notes")).collect::<Vec<_>>().join("\n"),
        location: location.filter(|place| !place.is_empty()),
        organizer: organizer.unwrap_or_else(|| mailer.from().clone()),
        attendees: vec![to.clone()],
    };
    Ok(Some(if is_over { invitation.cancel() } else { invitation.request() }))
}
