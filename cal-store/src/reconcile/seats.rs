//! The seats of a booking, as the ledger knows them.

use std::collections::{BTreeMap, HashMap};

use cal_core::{Booking, BookingUid, Delivery};
use cal_webhook::{Chains, SeatRow, StoreError};

use crate::{
    SqlStore,
    database::Arg,
    error::out_of_reach,
    settle,
    sql::{Sql, sql},
};

const SEATS: Sql = sql!(
    "SELECT s.uid, s.number, s.facts FROM" texts(1) "JOIN cal_seats s ON s.uid = item.value"
);

/// The reports that a seat was taken, the latest one last.
const TAKEN: &str = "SELECT seat, body FROM cal_deliveries \
    WHERE uid = $1 AND seat IS NOT NULL AND decision = 'applied' AND body IS NOT NULL \
        AND transition IN ('booked', 'requested', 'rescheduled') ORDER BY seq";

impl SqlStore {
    /// Returns all seats of these bookings, taken and given up.
    pub(super) async fn seats(&self, uids: &[&BookingUid]) -> Result<Chains, StoreError> {
        let uids = settle::json(&uids).map_err(out_of_reach)?;
        let rows: Vec<(String, i64, String)> = self.ask(SEATS, &[Arg::Text(&uids)]).await?;
        let mut chains = Chains::default();
        for (uid, number, facts) in rows {
            chains.insert_seat(SeatRow::kept(uid.into(), number, facts));
        }
        Ok(chains)
    }

    /// Returns what told that the seats of a booking were taken, by their numbers; the seats of
    /// people who were erased, and of whom only the API has told, are missing.
    pub(super) async fn takers(
        &self,
        uid: &BookingUid,
    ) -> Result<HashMap<i64, Booking>, StoreError> {
        let rows: Vec<(i64, Vec<u8>)> = self.ask(TAKEN, &[Arg::Text(uid.as_str())]).await?;
        let booking = |(number, body): (i64, Vec<u8>)| {
            let delivery = Delivery::parse(body);
            Some((number, delivery.event.booking()?.as_ref().clone()))
        };
        Ok(rows.into_iter().filter_map(booking).collect())
    }

    /// Returns what told of the seats of a booking that are taken, each person once.
    pub(super) async fn guests(&self, uid: &BookingUid) -> Result<Vec<Booking>, StoreError> {
        let chains = self.seats(&[uid]).await?;
        let mut takers = self.takers(uid).await?;
        let mut guests = BTreeMap::new();
        for seat in chains.taken(uid) {
            if let Some(booking) = takers.remove(&seat.number) {
                guests.insert(seat.attendee, booking);
            }
        }
        Ok(guests.into_values().collect())
    }
}
