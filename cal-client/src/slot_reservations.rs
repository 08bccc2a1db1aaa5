//! Slots that are held while someone makes up their mind.

use cal_core::EventTypeId;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::{error::Error, id::ReservationUid, request::version, scope::handler, wire::input};

handler! {
    /// Slots that nobody else can book for some minutes,
    /// [`Client::slot_reservations`](crate::Client::slot_reservations).
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::slot_reservations::ReserveSlot;
    ///
    /// # let start = chrono::DateTime::<chrono::Utc>::UNIX_EPOCH;
    /// let slot = ReserveSlot::new(17, start).reservation_duration(10_u32);
    /// let held = client.slot_reservations().create(&slot).await?;
    /// println!("yours until {:?}", held.reservation_until);
    /// # Ok(())
    /// # }
    /// ```
    pub struct SlotReservations;
    Me.slot_reservations: "Returns the handler of slots that are held.",
}

impl SlotReservations {
    /// Holds a slot.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`]. A slot that is held or booked is 422.
    pub async fn create(&self, slot: &ReserveSlot) -> Result<Reservation, Error> {
        let request = self.at.post("/slots/reservations", &[]).version(version::SLOTS);
        request.json(slot).data().await
    }

    /// Returns what is held, unless it was let go.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self, uid: impl Into<ReservationUid>) -> Result<Option<Reservation>, Error> {
        let request = self.at.get("/slots/reservations/{}", &[&uid.into()]);
        request.version(version::SLOTS).data().await
    }

    /// Holds another slot, or the same one for longer; who began with credentials goes on with them.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`]. A slot that somebody else holds is 422.
    pub async fn update(
        &self,
        uid: impl Into<ReservationUid>,
        slot: &ReserveSlot,
    ) -> Result<Reservation, Error> {
        let request = self.at.patch("/slots/reservations/{}", &[&uid.into()]);
        request.version(version::SLOTS).json(slot).data().await
    }

    /// Lets a slot go.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, uid: impl Into<ReservationUid>) -> Result<(), Error> {
        let request = self.at.delete("/slots/reservations/{}", &[&uid.into()]);
        request.version(version::SLOTS).done().await
    }
}

input! {
    /// Which slot to hold.
    pub struct ReserveSlot {
        required {
            event_type_id: EventTypeId,
            slot_start: DateTime<Utc>,
        }
        optional {
            /// Sets how long the slot is, in minutes, if the event type has several lengths.
            slot_duration: u32,
            /// Sets for how long it is held, in minutes, which needs credentials; 5 unless set.
            reservation_duration: u32,
        }
    }
}

/// A slot that is held (`ReserveSlotOutput_2024_09_04` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Reservation {
    /// The id under which it can be changed and let go.
    pub reservation_uid: ReservationUid,
    /// The event type.
    pub event_type_id: Option<EventTypeId>,
    /// When the slot begins.
    pub slot_start: Option<DateTime<Utc>>,
    /// When the slot ends.
    pub slot_end: Option<DateTime<Utc>>,
    /// How long the slot is, in minutes.
    pub slot_duration: Option<f64>,
    /// For how long it is held, in minutes; [`SlotReservations::get`] does not know it.
    pub reservation_duration: Option<f64>,
    /// Until when it is held.
    pub reservation_until: Option<DateTime<Utc>>,
}
