//! Where a delivery stands in its chain, and what was reported about a booking last.

use cal_core::{Booking, BookingUid, Delivery, Event};
use cal_webhook::{DeliveryId, StoreError};

use crate::{SqlStore, database::Arg, person::address, sql::first_of};

/// Where a delivery stands in its chain of bookings.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ChainPlace {
    /// The chain's name: its first booking's uid.
    pub chain: BookingUid,
    /// How many applied deliveries about a booking of the chain came before; of a reminder, before
    /// the delivery that planned it.
    pub step: u32,
}

/// Of how many deliveries about a booking the body is looked at.
const BODIES: i64 = 50;

impl SqlStore {
    /// Returns where a delivery stands in its chain; `None` when it is about no known booking.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn chain_place(&self, id: DeliveryId) -> Result<Option<ChainPlace>, StoreError> {
        const PLACE: &str = concat!(
            "SELECT ",
            first_of!("b.chain"),
            ", (SELECT count(*) FROM cal_deliveries e \
                WHERE e.uid IN (SELECT uid FROM cal_bookings WHERE chain = b.chain) \
                AND e.seq < d.seq AND e.decision = 'applied' AND e.source <> 'replay') \
            FROM cal_deliveries d JOIN cal_bookings b ON b.uid = d.uid WHERE d.id = $1"
        );
        let rows: Vec<(String, i64)> = self.ask(PLACE, &[Arg::Text(&id.to_string())]).await?;
        Ok(rows.into_iter().next().map(|(chain, before)| ChainPlace {
            chain: chain.into(),
            step: u32::try_from(before).unwrap_or(u32::MAX),
        }))
    }

    /// Returns the booking as it was reported last; `None` when nothing that is kept describes it.
    /// A report that does not say when the booking is counts only where none does.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn latest_booking(&self, uid: &BookingUid) -> Result<Option<Booking>, StoreError> {
        const LATEST: &str = "SELECT body FROM cal_deliveries \
            WHERE uid = $1 AND body IS NOT NULL AND decision IN ('applied', 'revision', 'same') \
            ORDER BY coalesce(created_at, received_at) DESC, seq DESC LIMIT $2";
        let args = [Arg::Text(uid.as_str()), Arg::Int(BODIES)];
        let bodies: Vec<(Vec<u8>,)> = self.ask(LATEST, &args).await?;
        let mut latest = None;
        for (body,) in bodies {
            match Delivery::parse(body).event.booking() {
                Some(booking) if booking.start.is_some() => return Ok(Some((**booking).clone())),
                Some(booking) => latest = latest.or_else(|| Some((**booking).clone())),
                None => {}
            }
        }
        Ok(latest)
    }

    /// Returns whether somebody was marked as absent last; `None` when no mark that is kept names
    /// them.
    pub(crate) async fn absence(
        &self,
        uid: &BookingUid,
        email: &str,
    ) -> Result<Option<bool>, StoreError> {
        const MARKS: &str = "SELECT body FROM cal_deliveries WHERE uid = $1 AND body IS NOT NULL \
                AND trigger_event = 'BOOKING_NO_SHOW_UPDATED' AND decision = 'applied' \
            ORDER BY coalesce(created_at, received_at) DESC, seq DESC LIMIT $2";
        let args = [Arg::Text(uid.as_str()), Arg::Int(BODIES)];
        let bodies: Vec<(Vec<u8>,)> = self.ask(MARKS, &args).await?;
        let marked = |(body,): (Vec<u8>,)| match Delivery::parse(body).event {
            Event::BookingNoShowUpdated(update) => {
                let row = update.attendees.iter().find(|row| address(&row.email) == email);
                row.map(|row| row.no_show)
            }
            _ => None,
        };
        Ok(bodies.into_iter().find_map(marked))
    }
}
