//! Keeps events in the site's own database.

use std::time::Duration;

use cal_core::{Booking, BookingUid, Event as Payload, Meeting, Person};
use cal_store::{Appointment, NewEvent, SqlStore};
use cal_webhook::{Change, Context, HookError, Lifecycle, StoreError, Subject};

use super::{
    Analytics, Event,
    reading::{meeting_service, service, visitor},
};
use crate::person::payer;

/// Keeps events in the site's own database: see [`SqlStore::events`] and [`SqlStore::funnel`].
#[derive(Clone, Debug)]
pub struct LocalAnalytics {
    store: SqlStore,
}

impl LocalAnalytics {
    /// Keeps events in this store.
    #[must_use]
    pub fn new(store: SqlStore) -> Self {
        Self { store }
    }

    /// Deletes the events that happened longer ago than this, and returns how many there were.
    ///
    /// Call it once a day. Bookings, payments and feedback are no events and stay.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn retain(&self, age: Duration) -> Result<usize, StoreError> {
        self.store.forget_events(age).await
    }
}

impl Analytics for LocalAnalytics {
    async fn capture(&self, event: &Event) -> Result<(), HookError> {
        let Event { key, name, at, visitor, uid, service, properties } = event.clone();
        let mut event = NewEvent::new(key, name, at, visitor);
        (event.uid, event.service, event.properties) = (uid, service, properties);
        self.store.keep_events(&[event]).await?;
        Ok(())
    }
}

/// The hook `appointments`: keeps up to date what each booking is to the business.
///
/// Whatever tells about a booking tells about its appointment: the service, the booker, the
/// visitor, the time of booking, and whether the booker was marked as absent. [`SqlStore::funnel`],
/// [`SqlStore::services`] and [`SqlStore::standing`] go by that.
///
/// ```
/// use cal_hooks::analytics::{AnalyticsHook, Appointments, LocalAnalytics};
/// use cal_store::SqlStore;
/// use cal_webhook::Dispatcher;
///
/// fn hooks(store: SqlStore) -> Dispatcher {
///     Dispatcher::new()
///         .hook(Appointments::new(store.clone()))
///         .hook(AnalyticsHook::new(LocalAnalytics::new(store)))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Appointments {
    store: SqlStore,
}

impl Appointments {
    /// Keeps appointments in this store.
    #[must_use]
    pub fn new(store: SqlStore) -> Self {
        Self { store }
    }

    /// An absent guest of a booker who came is no absence, where it is known who booked.
    async fn mark(
        &self,
        uid: Option<&BookingUid>,
        marks: Vec<(&str, bool)>,
    ) -> Result<(), HookError> {
        let Some(uid) = uid else { return Ok(()) };
        let booker = self.store.appointment(uid).await?.and_then(|known| known.email);
        let is_booker = |email: &str| match &booker {
            Some(booker) => email.trim().to_lowercase() == *booker,
            None => true,
        };
        let marks = marks.into_iter().filter(|(email, _)| is_booker(email));
        if let Some(absent) = marks.map(|(_, absent)| absent).reduce(|one, other| one || other) {
            self.store.set_no_show(uid, absent).await?;
        }
        Ok(())
    }
}

impl Lifecycle for Appointments {
    fn name(&self) -> &str {
        "appointments"
    }

    async fn on_any(&self, cx: &Context) -> Result<(), HookError> {
        let Some(transition) = cx.transition() else { return Ok(()) };
        let appointment = match cx.event() {
            Payload::BookingNoShowUpdated(update) => {
                let rows = update.attendees.iter().map(|row| (row.email.as_str(), row.no_show));
                return self.mark(update.uid.as_ref(), rows.collect()).await;
            }
            Payload::AfterGuestsCalVideoNoShow(call) => {
                let guests = call.absent_guests().into_iter();
                let rows = guests.map(|guest| (guest.email.as_str(), true));
                return self.mark(call.uid.as_ref(), rows.collect()).await;
            }
            Payload::MeetingEnded(meeting) | Payload::MeetingStarted(meeting) => {
                of_meeting(meeting)
            }
            Payload::BookingPaid(booking) => of_booking(booking, payer(booking)),
            payload => payload.booking().and_then(|it| of_booking(it, it.booker())),
        };
        let Some(mut appointment) = appointment else { return Ok(()) };
        if appointment.visitor.is_none() {
            let origin = cx.clone().or_store(self.store.clone()).origin().await?;
            appointment.visitor = visitor(Some(&origin.metadata)).map(str::to_owned);
        }
        if transition.change == Change::Cancelled
            && matches!(transition.subject, Some(Subject::Seat(..)))
        {
            // The one who leaves a seat is not the one to show.
            (appointment.email, appointment.visitor) = (None, None);
        }
        if appointment.booked_at.is_none() {
            appointment.booked_at = Some(cx.reported_at());
        }
        Ok(self.store.keep_appointment(&appointment).await?)
    }
}

fn of_booking(booking: &Booking, booker: Option<&Person>) -> Option<Appointment> {
    let mut appointment = Appointment::new(booking.uid.clone()?);
    appointment.service = service(booking);
    // The booking's own title names who booked, and a page may show this to others.
    appointment.title =
        booking.event_title.as_deref().and_then(text).or_else(|| text(&booking.title));
    appointment.email = booker.and_then(|booker| text(&booker.email));
    appointment.visitor = visitor(booking.metadata.as_ref()).map(str::to_owned);
    Some(appointment)
}

/// The attendees of a meeting are rows in no particular order, hosts of a team among them.
fn of_meeting(meeting: &Meeting) -> Option<Appointment> {
    let mut appointment = Appointment::new(meeting.uid.clone()?);
    appointment.service = meeting_service(meeting);
    // The row of a booking with seats names who came first; the booking told its title before.
    let named = meeting.event_type.as_ref().and_then(|kind| kind.title.as_deref());
    appointment.title = named.and_then(text);
    appointment.visitor = visitor(meeting.metadata.as_ref()).map(str::to_owned);
    appointment.booked_at = meeting.created_at;
    Some(appointment)
}

fn text(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}
