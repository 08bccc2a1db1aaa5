//! What happened to a booking: Cal.com's quirks, in one place.

use std::fmt;

use cal_core::{Booking, BookingStatus, BookingUid, Delivery, Event};
use uuid::Uuid;

use crate::{Seat, Subject, crash, marks::submission};

/// What a process of the next build calls a change, in tests.
const NEXT: &str = "next";

/// What happened, as read from one delivery alone.
///
/// [`Transition::of`] is pure: it looks at no earlier delivery. Where a trigger's name does not say
/// what happened, the rule stands at the function that decides it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Transition {
    /// What happened.
    pub change: Change,
    /// What it happened to; `None` where Cal.com names nothing, as in a ping.
    pub subject: Option<Subject>,
    /// The booking that the subject replaces.
    pub moved_from: Option<BookingUid>,
    /// The booking that replaces the subject, where the end of the subject is reported.
    ///
    /// Such a cancellation is part of a move: the report of the new booking tells what happened.
    pub moved_to: Option<BookingUid>,
    /// The booking that a seat was in before it was moved; the others stay there.
    pub seat_from: Option<BookingUid>,
    /// The part before the `@` of the calendar entry's UID: the first booking of the chain, if it is the
    /// uid of a booking. Calendars may give another UID, so it links nothing until it is known.
    ///
    /// A guest who moves a booking that needs confirmation causes deliveries without any other link.
    pub root: Option<BookingUid>,
    /// Whether the payload already shows a later state than the trigger reports.
    ///
    /// Cal.com's queue reads the booking again when it sends: a `BOOKING_CREATED` or
    /// `BOOKING_REQUESTED` that says cancelled or rejected comes too late to act upon.
    pub stale: bool,
}

impl Transition {
    /// Reads what happened; `None` for unknown triggers and opaque bodies.
    #[must_use]
    pub fn of(delivery: &Delivery) -> Option<Self> {
        let event = &delivery.event;
        let about = |change| Self::new(change, event.booking_uid().cloned().map(Subject::Booking));
        Some(match event {
            Event::AfterGuestsCalVideoNoShow(_) => about(Change::GuestNoShow),
            Event::AfterHostsCalVideoNoShow(_) => about(Change::HostNoShow),
            Event::BookingCancelled(booking) => cancelled(booking),
            Event::BookingCreated(booking) if booking.guests_added.is_some() => {
                about(Change::GuestsAdded)
            }
            Event::BookingCreated(booking) => accepted(booking, booking.reschedule_uid.is_some()),
            Event::BookingLocationUpdated(_) => about(Change::LocationChanged),
            Event::BookingNoShowUpdated(_) => about(Change::NoShow),
            Event::BookingPaid(booking) => paid(booking),
            // Its status says ACCEPTED although the payment is still due.
            Event::BookingPaymentInitiated(booking) => {
                Self::new(Change::PaymentInitiated, Subject::of_booking(booking))
            }
            Event::BookingReassigned(_) => about(Change::Reassigned),
            Event::BookingRejected(booking) => Self {
                moved_to: successor(booking),
                root: root(booking),
                ..Self::new(Change::Rejected, Subject::of_booking(booking))
            },
            Event::BookingRequested(booking) => requested(booking),
            Event::BookingRescheduled(booking) => accepted(booking, true),
            Event::CalendarEntryRejected(_) => about(Change::CalendarEntryRejected),
            Event::DelegationCredentialError(_) => about(Change::DelegationError),
            Event::DelegationCredentialRotationRequired(_) => {
                about(Change::DelegationRotationRequired)
            }
            Event::DelegationCredentialSecretRotated(_) => about(Change::DelegationRotated),
            Event::DelegationCredentialSecretRotationFailed(_) => {
                about(Change::DelegationRotationFailed)
            }
            Event::FormSubmitted(form) => {
                Self::new(Change::Form, Some(Subject::Form(submission(form))))
            }
            Event::FormSubmittedNoEvent(form) => {
                Self::new(Change::FormWithoutBooking, Some(Subject::Form(submission(form))))
            }
            Event::InstantMeeting(_) => about(Change::InstantMeeting),
            Event::InstantMeetingAccepted(_) => about(Change::InstantMeetingAccepted),
            Event::MeetingEnded(_) => about(Change::Ended),
            Event::MeetingStarted(_) => about(Change::Started),
            Event::OooCreated(out) => {
                let entry = out.entry.uuid.clone().map(Subject::OutOfOffice);
                Self::new(Change::OutOfOffice, entry)
            }
            Event::Ping(_) => Self::new(Change::Ping, None),
            Event::RecordingReady(_) => about(Change::Recording),
            Event::RecordingTranscriptionGenerated(_) => about(Change::Transcript),
            Event::RoutingFormFallbackHit(_) => about(Change::RoutingFallback),
            Event::WrongAssignmentReport(_) => about(Change::WrongAssignment),
            _ => return None,
        })
    }

    /// Tells what a store has kept of a [`Ruling`](crate::Ruling): what the chain added.
    ///
    /// `from` is what [`Transition::predecessor`] told. With `whole`, what was read as one seat concerns
    /// the booking: its last seat is gone.
    #[must_use]
    pub fn retold(mut self, change: Change, from: Option<BookingUid>, whole: bool) -> Self {
        let is_seat = matches!(self.subject, Some(Subject::Seat(..)));
        self.change = change;
        (self.moved_from, self.seat_from) = if is_seat { (None, from) } else { (from, None) };
        self.subject = self.subject.map(|subject| match subject {
            Subject::Seat(uid, _) if whole => Subject::Booking(uid),
            other => other,
        });
        self
    }

    /// Returns the booking that was left for this one, by the whole booking or by one seat.
    #[must_use]
    pub fn predecessor(&self) -> Option<&BookingUid> {
        self.moved_from.as_ref().or(self.seat_from.as_ref())
    }

    fn new(change: Change, subject: Option<Subject>) -> Self {
        Self {
            change,
            subject,
            moved_from: None,
            moved_to: None,
            seat_from: None,
            root: None,
            stale: false,
        }
    }
}

/// `BOOKING_CREATED` and `BOOKING_RESCHEDULED`: the booking is accepted.
///
/// A booking with a predecessor was moved, whatever the trigger is called; one that still says
/// pending waits for confirmation.
fn accepted(booking: &Booking, moved: bool) -> Transition {
    if booking.status == Some(BookingStatus::Pending) {
        return requested(booking);
    }
    Transition {
        moved_from: predecessor(booking),
        moved_to: successor(booking),
        seat_from: seat_from(booking),
        root: root(booking),
        stale: is_late(booking),
        ..Transition::new(
            if moved { Change::Rescheduled } else { Change::Booked },
            Subject::of_made(booking),
        )
    }
}

/// `BOOKING_REQUESTED`: the booking waits for the host, and may replace another one.
fn requested(booking: &Booking) -> Transition {
    Transition {
        moved_from: predecessor(booking),
        moved_to: successor(booking),
        seat_from: seat_from(booking),
        root: root(booking),
        stale: is_late(booking),
        ..Transition::new(Change::Requested, Subject::of_made(booking))
    }
}

/// Whether the booking was read again after its end had been reported.
fn is_late(booking: &Booking) -> bool {
    let late = [BookingStatus::Cancelled, BookingStatus::Rejected];
    booking.status.as_ref().is_some_and(|status| late.contains(status))
}

/// `BOOKING_CANCELLED`: the booking or one seat is gone, or the guest shall choose another time.
///
/// The flag for the latter came in January 2026. Before, such a cancellation had no status, and a
/// reason that begins with words of Cal.com (`requestRescheduleHandler` in its source).
fn cancelled(booking: &Booking) -> Transition {
    let asks = booking.request_reschedule.unwrap_or_else(|| {
        let reason = booking.cancellation_reason.as_deref().unwrap_or_default();
        booking.status.is_none() && reason.starts_with("Please reschedule")
    });
    let (change, subject) = if asks {
        (Change::RescheduleRequested, booking.uid.clone().map(Subject::Booking))
    } else if is_seat_removal(booking) {
        (Change::Cancelled, Subject::of_booking(booking))
    } else {
        (Change::Cancelled, booking.uid.clone().map(Subject::Booking))
    };
    let moved_to = successor(booking);
    Transition { moved_to, root: root(booking), ..Transition::new(change, subject) }
}

/// Whether only the listed attendees left a booking with seats.
///
/// The two cancellations look alike, except that Cal.com copies the rows of leavers from its
/// database (`cancelAttendeeSeat.ts`): they carry the booking's number and the mark of absence.
fn is_seat_removal(booking: &Booking) -> bool {
    booking.seats_per_time_slot.is_some()
        && !booking.attendees.is_empty()
        && booking.attendees.iter().all(|row| row.booking_id.is_some() || row.no_show.is_some())
}

/// `BOOKING_PAID`: a payment succeeded, or a no-show fee was charged, which names no uid.
fn paid(booking: &Booking) -> Transition {
    let is_fee =
        booking.payment_data.is_some() || (booking.uid.is_none() && booking.payment_info.is_some());
    let row = booking.payment_data.as_ref().and_then(|payment| payment.id);
    let payment = booking.payment_id.or(row).map(Subject::Payment);
    let booking = || booking.uid.clone().map(Subject::Booking);
    let change = if is_fee { Change::NoShowFee } else { Change::Paid };
    Transition::new(change, payment.or_else(booking))
}

/// The booking that this one replaces; moving one seat replaces none.
fn predecessor(booking: &Booking) -> Option<BookingUid> {
    let seat = Seat::of(booking).is_some();
    let other = |uid: &&BookingUid| Some(*uid) != booking.uid.as_ref();
    booking.reschedule_uid.as_ref().filter(other).filter(|_| !seat).cloned()
}

/// The booking that a moved seat was in, unless Cal.com wrote the seat's reference there.
fn seat_from(booking: &Booking) -> Option<BookingUid> {
    let seat = Seat::of(booking)?;
    let from =
        booking.reschedule_uid.as_ref().filter(|from| Some(*from) != booking.uid.as_ref())?;
    // Cal.com's references are UUIDs in their long form, its bookings' uids are not.
    if from.as_str().len() == 36 && Uuid::try_parse(from.as_str()).is_ok() {
        return None;
    }
    let own = matches!(seat, Seat::Reference(seat) if seat.as_str() == from.as_str());
    (!own).then(|| from.clone())
}

/// The booking that replaces this one, where it names it.
fn successor(booking: &Booking) -> Option<BookingUid> {
    let uid = booking.rescheduled_to_uid.as_ref()?;
    (Some(uid) != booking.uid.as_ref()).then(|| uid.clone())
}

/// The chain's first booking by the UID of the calendar entry, `<uid of the first>@<name>`.
///
/// The name is the server's own, `Cal.com` where it is hosted. Seats and occurrences of a series share
/// UIDs without being moved, and are left out.
fn root(booking: &Booking) -> Option<BookingUid> {
    if booking.seats_per_time_slot.is_some() || booking.recurring_event.is_some() {
        return None;
    }
    let (first, _) = booking.ical_uid.as_deref()?.split_once('@')?;
    let other = booking.uid.as_ref().is_some_and(|uid| uid.as_str() != first);
    (other && !first.is_empty()).then(|| first.into())
}

macro_rules! changes {
    ($( $(#[$doc:meta])* $variant:ident = $text:literal, )+) => {
        /// What happened; the name of a lifecycle method without its `on_`.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum Change { $( $(#[$doc])* $variant, )+ }

        impl Change {
            /// Reads a name as [`Change::as_str`] writes it.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $( $text => Some(Self::$variant), )+
                    NEXT if crash::is_next() => Some(crash::NEXT),
                    _ => None,
                }
            }

            /// Returns the name in snake case: `booked`, `rescheduled`, `cancelled`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    crash::NEXT if crash::is_next() => NEXT,
                    $( Self::$variant => $text, )+
                }
            }
        }
    };
}

changes! {
    /// A booking was accepted, or one more seat of it was taken.
    Booked = "booked",
    /// A calendar refused an entry.
    CalendarEntryRejected = "calendar_entry_rejected",
    /// A booking or a seat was cancelled.
    Cancelled = "cancelled",
    /// A delegated credential failed for a user.
    DelegationError = "delegation_error",
    /// A delegated credential's secret was rotated.
    DelegationRotated = "delegation_rotated",
    /// Rotating a delegated credential's secret failed.
    DelegationRotationFailed = "delegation_rotation_failed",
    /// A delegated credential's secret must be rotated by hand.
    DelegationRotationRequired = "delegation_rotation_required",
    /// A meeting's scheduled end has come.
    Ended = "ended",
    /// A routing form was filled in.
    Form = "form",
    /// A routing form was filled in and no booking followed.
    FormWithoutBooking = "form_without_booking",
    /// A guest did not join a Cal Video meeting in time.
    GuestNoShow = "guest_no_show",
    /// Guests were added to a booking that stands.
    GuestsAdded = "guests_added",
    /// A host did not join a Cal Video meeting in time.
    HostNoShow = "host_no_show",
    /// A visitor asks for an instant meeting.
    InstantMeeting = "instant_meeting",
    /// A host accepted an instant meeting.
    InstantMeetingAccepted = "instant_meeting_accepted",
    /// A booking's location changed.
    LocationChanged = "location_changed",
    /// Attendees were marked, or unmarked, as absent.
    NoShow = "no_show",
    /// A no-show fee was charged.
    NoShowFee = "no_show_fee",
    /// Somebody is away for some days.
    OutOfOffice = "out_of_office",
    /// A payment succeeded.
    Paid = "paid",
    /// A booking was made whose payment is still due.
    PaymentInitiated = "payment_initiated",
    /// The test button was pressed.
    Ping = "ping",
    /// A booking was given to other hosts.
    Reassigned = "reassigned",
    /// A recording can be downloaded.
    Recording = "recording",
    /// The host declined a pending booking.
    Rejected = "rejected",
    /// A booking waits for the host's confirmation.
    Requested = "requested",
    /// The host cancelled and asks the guest to choose another time.
    RescheduleRequested = "reschedule_requested",
    /// A booking was moved and the new one is accepted.
    Rescheduled = "rescheduled",
    /// A routing form used its fallback.
    RoutingFallback = "routing_fallback",
    /// A meeting's scheduled start has come.
    Started = "started",
    /// A transcript can be downloaded.
    Transcript = "transcript",
    /// A member reported a wrongly routed booking.
    WrongAssignment = "wrong_assignment",
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
