//! The calendar file that a mail carries.

use cal_webhook::{Context, HookError};

use super::{
    CalendarFile, Invitation, Kind, Mailbox, Mailer, View, links,
    mailer::{News, address},
};

/// Writes the file of a mail about a booking that stands or no longer stands.
///
/// The UID is what the calendar called the entry of the chain's first booking, or else that booking in
/// Cal.com's own form, `<uid>@Cal.com`. It stays when the booking, or the reader's seat, is moved, and the
/// sequence counts the news; without a store, what the payload says is taken. A move that waits for
/// the host takes the entry of the old time away, as Cal.com does with its own.
pub(super) async fn file(
    mailer: &Mailer,
    cx: &Context,
    news: &News<'_>,
    view: &View,
    to: &Mailbox,
) -> Result<Option<CalendarFile>, HookError> {
    let asked = match news.kind {
        Kind::Confirmed | Kind::LocationChanged | Kind::Reassigned | Kind::Rescheduled => {
            Entry::Stands
        }
        Kind::Cancelled | Kind::RescheduleRequested => Entry::Ends,
        Kind::Declined | Kind::Requested => Entry::MayEnd,
        _ => return Ok(None),
    };
    let booking = news.booking;
    let from = cx.transition().and_then(|transition| transition.predecessor());
    let known = mailer.records.invite(cx.delivery_id(), to.email()).await?;
    let period = match asked {
        // It is the entry of the booking before that is taken away.
        Entry::MayEnd => match from {
            Some(from) if known.as_ref().is_some_and(|invite| invite.stands) => {
                let before = mailer.records.latest(from).await?;
                before.and_then(|before| before.period())
            }
            _ => None,
        },
        _ => booking.period(),
    };
    let Some((start, end)) = period else { return Ok(None) };
    let (uid, sequence) = match known {
        Some(invite) => (invite.uid, invite.sequence),
        None => {
            let told = booking.ical_uid.clone().filter(|uid| !uid.is_empty());
            let own = from.filter(|_| booking.seats_per_time_slot.is_some());
            let Some(own) = own.or(booking.uid.as_ref()) else { return Ok(None) };
            let told = told.filter(|_| booking.seats_per_time_slot.is_none());
            let sequence = booking.ical_sequence.and_then(|number| u32::try_from(number).ok());
            (told.unwrap_or_else(|| format!("{own}@Cal.com")), sequence.unwrap_or(0))
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
        summary: lines("service").join(" "),
        description: link.into_iter().chain(lines("notes")).collect::<Vec<_>>().join("\n"),
        location: location.filter(|place| !place.is_empty()),
        organizer: organizer.unwrap_or_else(|| mailer.from().clone()),
        attendees: vec![to.clone()],
    };
    Ok(Some(match asked {
        Entry::Stands => invitation.request(),
        Entry::Ends | Entry::MayEnd => invitation.cancel(),
    }))
}

/// What a mail does to the reader's entry.
enum Entry {
    /// It is taken away.
    Ends,
    /// That of the booking before is taken away, if it is there.
    MayEnd,
    /// It is put there, or moved.
    Stands,
}
