//! The trait that reacts to what happens to bookings.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use cal_core::{
    AcceptedInstantMeeting, Booking, CalVideoNoShow, CalendarEntryRejected, DelegationError,
    DelegationRotation, Delivery, FallbackHit, FormSubmission, InstantMeeting, Meeting,
    NoShowUpdate, OutOfOffice, Recording, WrongAssignment,
};

use chrono::{DateTime, Utc};

use crate::{Change, Context, Hook, HookError, Reminder, Transition, payload::Payload};

/// How long a hook may take unless it says otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// How many tasks of a hook may run at the same time unless it says otherwise.
pub(crate) const CONCURRENCY: usize = 16;

type Run<'a> = Pin<Box<dyn Future<Output = Result<(), HookError>> + Send + 'a>>;

/// Declares, from one table, the lifecycle methods, their closures and the dispatch between them.
macro_rules! lifecycle {
    ($( $(#[$doc:meta])* $method:ident($payload:ty) on $change:ident; )+) => {
        /// Reacts to what happens to bookings.
        ///
        /// Methods speak of what happened, not of trigger names: a confirmed request and a plain
        /// booking both end in [`Lifecycle::on_booked`]. Write the ones you need as `async fn`; all
        /// others call [`Lifecycle::on_any`], which does nothing. One transition calls one method;
        /// what is to follow later is planned as a [reminder](Lifecycle::reminders).
        ///
        /// A method runs after the webhook was answered. It can fail for good or for now, hang or
        /// panic without touching other hooks; see [`HookError`]. It may run again after a crash:
        /// pass [`Context::idempotency_key`] to whatever must not happen twice.
        ///
        /// ```
        /// use cal_core::Booking;
        /// use cal_webhook::{Context, HookError, Lifecycle};
        ///
        /// struct Welcome;
        ///
        /// impl Lifecycle for Welcome {
        ///     fn name(&self) -> &str {
        ///         "welcome"
        ///     }
        ///
        ///     async fn on_booked(&self, _cx: &Context, booking: &Booking) -> Result<(), HookError> {
        ///         println!("{} with {}", booking.title, booking.organizer.name);
        ///         Ok(())
        ///     }
        /// }
        /// ```
        pub trait Lifecycle: Send + Sync + 'static {
            /// Returns the name that this hook's attempts are stored under.
            ///
            /// Keep it when you deploy a new version, and give every hook its own.
            fn name(&self) -> &str;

            /// Returns how long one attempt of this hook may take, 30 seconds by default.
            ///
            /// One that takes longer is stopped, which is a failure for now. Asked once, when the
            /// hook is added.
            fn timeout(&self) -> Duration {
                TIMEOUT
            }

            /// Returns how many of this hook's tasks may run at the same time in one process, 16 by
            /// default and at least 1.
            ///
            /// Every hook has places of its own and takes none from another. Their number bounds
            /// the rate at which a backlog drains after an outage: a hook that takes half a second
            /// makes up to 32 calls a second of 16 places. Choose it by what the other side bears.
            /// Asked once, when the hook is added.
            fn concurrency(&self) -> usize {
                CONCURRENCY
            }

            /// Whether this hook hears of bookings that were cancelled, declined or moved away, `true`
            /// by default.
            ///
            /// Only a few things can still be told of them: that money came, that a recording is
            /// there; see [`Change::outlives_booking`]. A hook that writes to people or moves them
            /// along says `false`. Asked once, when the hook is added.
            fn hears_of_the_past(&self) -> bool {
                true
            }

            /// Returns what this hook wants to do later because of a delivery that was applied.
            ///
            /// Called while the delivery is planned: the reminders are kept in the same
            /// transaction. They are dropped when the booking is moved, cancelled or declined before
            /// they are due; of a moved booking, the delivery that moved it plans new ones. When one
            /// is due, [`Lifecycle::on_reminder`] is called.
            fn reminders(&self, transition: &Transition, delivery: &Delivery) -> Vec<Reminder> {
                let _ = (transition, delivery);
                Vec::new()
            }

            /// Returns from when on the work that follows a delivery at once is better skipped than late:
            /// a confirmation when the meeting has begun. By default that is never.
            ///
            /// It counts for what waits, not for a delivery that came later than that itself.
            fn expiry(
                &self,
                transition: &Transition,
                delivery: &Delivery,
            ) -> Option<DateTime<Utc>> {
                let _ = (transition, delivery);
                None
            }

            /// Called when the method for a transition is not written, and for deliveries that say
            /// nothing about a booking: unknown triggers and opaque bodies.
            fn on_any(&self, cx: &Context) -> impl Future<Output = Result<(), HookError>> + Send {
                let _ = cx;
                async { Ok(()) }
            }

            /// Called when a reminder that this hook planned is due, with the reminder's name.
            ///
            /// The context holds the delivery that planned it: [`Context::booking`] is the booking.
            /// Whoever plans reminders must write this method. The default fails for good, because
            /// a reminder that nobody acts on is a mistake, and [`Lifecycle::on_any`] would take it
            /// for news.
            fn on_reminder(
                &self,
                cx: &Context,
                name: &str,
            ) -> impl Future<Output = Result<(), HookError>> + Send {
                let _ = (cx, name);
                async { Err(unanswered()) }
            }

            $(
                $(#[$doc])*
                fn $method(
                    &self,
                    cx: &Context,
                    payload: &$payload,
                ) -> impl Future<Output = Result<(), HookError>> + Send {
                    let _ = payload;
                    self.on_any(cx)
                }
            )+
        }

        impl<L: Lifecycle> Erased for L {
            fn reminders(&self, transition: &Transition, delivery: &Delivery) -> Vec<Reminder> {
                Lifecycle::reminders(self, transition, delivery)
            }

            fn expiry(
                &self,
                transition: &Transition,
                delivery: &Delivery,
            ) -> Option<DateTime<Utc>> {
                Lifecycle::expiry(self, transition, delivery)
            }

            fn run<'a>(&'a self, cx: &'a Context) -> Run<'a> {
                if let Some(name) = cx.reminder() {
                    return Box::pin(self.on_reminder(cx, name));
                }
                match cx.transition().map(|transition| transition.change) {
                    $(
                        Some(Change::$change) => match <$payload>::of(cx.event()) {
                            Some(payload) => Box::pin(self.$method(cx, payload)),
                            None => Box::pin(self.on_any(cx)),
                        },
                    )+
                    None => Box::pin(self.on_any(cx)),
                }
            }
        }

        impl Hook {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $method<F, R>(self, react: F) -> Self
                where
                    F: Fn(Context, Arc<$payload>) -> R + Send + Sync + 'static,
                    R: Future<Output = Result<(), HookError>> + Send + 'static,
                {
                    self.react(Change::$change, react)
                }
            )+
        }
    };
}

/// A hook behind a pointer; the one place where it is erased.
pub(crate) trait Erased: Send + Sync {
    fn reminders(&self, transition: &Transition, delivery: &Delivery) -> Vec<Reminder>;
    fn expiry(&self, transition: &Transition, delivery: &Delivery) -> Option<DateTime<Utc>>;
    fn run<'a>(&'a self, cx: &'a Context) -> Run<'a>;
}

/// Why a reminder fails that no method or closure is written for.
pub(crate) fn unanswered() -> HookError {
    HookError::permanent("the hook plans reminders, but has no on_reminder")
}

lifecycle! {
    /// A booking was accepted: booked, confirmed by the host, or paid; also each new seat.
    on_booked(Booking) on Booked;
    /// A calendar refused an entry.
    on_calendar_entry_rejected(CalendarEntryRejected) on CalendarEntryRejected;
    /// A booking or a seat was cancelled for good.
    on_cancelled(Booking) on Cancelled;
    /// A delegated calendar credential failed for a user.
    on_delegation_error(DelegationError) on DelegationError;
    /// A delegated credential's secret was rotated.
    on_delegation_rotated(DelegationRotation) on DelegationRotated;
    /// Rotating a delegated credential's secret failed.
    on_delegation_rotation_failed(DelegationRotation) on DelegationRotationFailed;
    /// A delegated credential's secret must be rotated by hand.
    on_delegation_rotation_required(DelegationRotation) on DelegationRotationRequired;
    /// A meeting's scheduled end has come; nobody looked whether people hung up.
    on_ended(Meeting) on Ended;
    /// A routing form was filled in.
    on_form(FormSubmission) on Form;
    /// A routing form was filled in and no booking followed within 15 minutes.
    on_form_without_booking(FormSubmission) on FormWithoutBooking;
    /// A guest did not join a Cal Video meeting in time.
    on_guest_no_show(CalVideoNoShow) on GuestNoShow;
    /// Guests were added to a booking that stands, as [`Booking::guests_added`] names them; Cal.com
    /// sends no webhook then, only its API shows it.
    on_guests_added(Booking) on GuestsAdded;
    /// A host did not join a Cal Video meeting in time; once for every absent host.
    on_host_no_show(CalVideoNoShow) on HostNoShow;
    /// A visitor asks for an instant meeting.
    on_instant_meeting(InstantMeeting) on InstantMeeting;
    /// The first host accepted an instant meeting.
    on_instant_meeting_accepted(AcceptedInstantMeeting) on InstantMeetingAccepted;
    /// A booking's location changed.
    on_location_changed(Booking) on LocationChanged;
    /// Attendees were marked, or unmarked, as absent.
    on_no_show(NoShowUpdate) on NoShow;
    /// A no-show fee was charged; the booking has no uid here, only its number.
    on_no_show_fee(Booking) on NoShowFee;
    /// Somebody will be away; also when the entry is changed.
    on_out_of_office(OutOfOffice) on OutOfOffice;
    /// A payment succeeded.
    on_paid(Booking) on Paid;
    /// A booking was made whose payment is still due, although its status says accepted.
    on_payment_initiated(Booking) on PaymentInitiated;
    /// The test button of Cal.com's webhook settings was pressed.
    on_ping(Booking) on Ping;
    /// A round-robin booking was given to other hosts.
    on_reassigned(Booking) on Reassigned;
    /// A Cal Video recording can be downloaded.
    on_recording(Recording) on Recording;
    /// The host declined a pending booking.
    on_rejected(Booking) on Rejected;
    /// A booking waits for the host's confirmation; it may replace another one.
    on_requested(Booking) on Requested;
    /// The host cancelled and asks the guest to choose another time; this is no lost booking.
    on_reschedule_requested(Booking) on RescheduleRequested;
    /// A booking or a seat was moved, and the new time is accepted.
    on_rescheduled(Booking) on Rescheduled;
    /// A routing form used its fallback action.
    on_routing_fallback(FallbackHit) on RoutingFallback;
    /// A meeting's scheduled start has come; nobody looked whether people joined.
    on_started(Meeting) on Started;
    /// The transcript of a Cal Video recording can be downloaded.
    on_transcript(Recording) on Transcript;
    /// A member reported a wrongly routed booking.
    on_wrong_assignment(WrongAssignment) on WrongAssignment;
}
