//! Where a delivery stands in its chain, and what was reported about a booking last.

use std::sync::Arc;

use cal_core::{Booking, BookingUid, Delivery, Event};
use cal_webhook::{DeliveryId, SeatRow, StoreError};

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

/// How the calendar file of a delivery is told from others.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Invite {
    /// The UID of the attendee's entry: what the calendar called it, or else the first booking's
    /// `<uid>@Cal.com`. It stays while the booking, or the attendee's seat, is moved.
    pub uid: String,
    /// How many applied deliveries about the bookings came before.
    pub sequence: u32,
    /// Whether the last one of those put the entry into calendars.
    pub stands: bool,
}

/// How often somebody may move a seat before the entry's first name is forgotten.
const MOVES: usize = 16;

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

    /// Returns by which UID and sequence number the calendar file of a delivery goes for an
    /// attendee; `None` when the delivery is about no known booking.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn invite(&self, id: DeliveryId, email: &str) -> Result<Option<Invite>, StoreError> {
        const DELIVERY: &str = "SELECT d.seq, d.uid, d.seat IS NOT NULL OR EXISTS \
                (SELECT 1 FROM cal_seats s WHERE s.uid = d.uid) \
            FROM cal_deliveries d JOIN cal_bookings b ON b.uid = d.uid WHERE d.id = $1";
        let rows: Vec<(i64, String, bool)> =
            self.ask(DELIVERY, &[Arg::Text(&id.to_string())]).await?;
        let Some((seq, uid, is_seated)) = rows.into_iter().next() else { return Ok(None) };
        let holder = SeatRow::holder(email);
        let mut places = vec![uid];
        while is_seated && places.len() < MOVES {
            let Some(from) = self.seat_from(&places, &holder, seq).await? else { break };
            if let Some(first) = places.iter().position(|place| *place == from) {
                // Who came back has the entry that went out first.
                let last = places.len() - 1;
                places.swap(first, last);
                break;
            }
            places.push(from);
        }
        let (mut sequence, mut stands, mut first) = (0, None, None);
        for place in &places {
            let (chain, step) = self.step(place, seq).await?;
            sequence += step;
            first = Some(chain);
            if stands.is_none() {
                stands = self.last_invite(place, seq).await?;
            }
        }
        let Some(first) = first else { return Ok(None) };
        let told = match is_seated {
            true => None,
            false => self.told_uid(&first, seq).await?,
        };
        Ok(Some(Invite {
            uid: told.unwrap_or_else(|| format!("{first}@Cal.com")),
            sequence: u32::try_from(sequence).unwrap_or(u32::MAX),
            stands: stands.unwrap_or(false),
        }))
    }

    /// The booking from which somebody moved a seat to the last of these.
    async fn seat_from(
        &self,
        places: &[String],
        holder: &str,
        seq: i64,
    ) -> Result<Option<String>, StoreError> {
        const FROM: &str = "SELECT d.moved_from FROM cal_deliveries d \
            JOIN cal_seats s ON s.uid = d.uid AND s.number = d.seat \
            WHERE d.uid = $1 AND s.attendee = $2 AND d.moved_from IS NOT NULL \
                AND d.decision = 'applied' AND d.seq <= $3 ORDER BY d.seq DESC LIMIT 1";
        let Some(uid) = places.last() else { return Ok(None) };
        let args = [Arg::Text(uid), Arg::Text(holder), Arg::Int(seq)];
        let rows: Vec<(String,)> = self.ask(FROM, &args).await?;
        Ok(rows.into_iter().next().map(|(from,)| from))
    }

    /// The name of a booking's chain, and how much was news about it before a delivery.
    async fn step(&self, uid: &str, seq: i64) -> Result<(String, i64), StoreError> {
        const STEP: &str = concat!(
            "SELECT ",
            first_of!("b.chain"),
            ", (SELECT count(*) FROM cal_deliveries e \
                WHERE e.uid IN (SELECT uid FROM cal_bookings WHERE chain = b.chain) \
                AND e.seq < $2 AND e.decision = 'applied' AND e.source <> 'replay') \
            FROM cal_bookings b WHERE b.uid = $1"
        );
        let rows: Vec<(String, i64)> = self.ask(STEP, &[Arg::Text(uid), Arg::Int(seq)]).await?;
        Ok(rows.into_iter().next().unwrap_or_else(|| (uid.to_owned(), 0)))
    }

    /// Whether what was told last before a delivery put an entry into calendars; a move that waits
    /// for the host takes it away.
    async fn last_invite(&self, uid: &str, seq: i64) -> Result<Option<bool>, StoreError> {
        const LAST: &str = "SELECT d.transition IN ('booked', 'rescheduled') FROM cal_deliveries d \
            WHERE d.uid IN (SELECT uid FROM cal_bookings \
                    WHERE chain = (SELECT chain FROM cal_bookings WHERE uid = $1)) \
                AND d.seq < $2 AND d.decision = 'applied' AND d.source <> 'replay' \
                AND (d.transition IN ('booked', 'rescheduled', 'cancelled', 'reschedule_requested') \
                    OR (d.transition = 'requested' AND d.moved_from IS NOT NULL)) \
            ORDER BY d.seq DESC LIMIT 1";
        let rows: Vec<(bool,)> = self.ask(LAST, &[Arg::Text(uid), Arg::Int(seq)]).await?;
        Ok(rows.into_iter().next().map(|(stands,)| stands))
    }

    /// The UID that the first report of an accepted booking of a chain told.
    ///
    /// Occurrences of a series share theirs, and are entries of their own.
    async fn told_uid(&self, uid: &str, seq: i64) -> Result<Option<String>, StoreError> {
        const FIRST: &str = "SELECT d.body FROM cal_deliveries d \
            WHERE d.uid IN (SELECT uid FROM cal_bookings \
                    WHERE chain = (SELECT chain FROM cal_bookings WHERE uid = $1)) \
                AND d.seq <= $2 AND d.decision = 'applied' AND d.source <> 'replay' \
                AND d.transition IN ('booked', 'rescheduled') \
            ORDER BY d.seq LIMIT 1";
        let rows: Vec<(Option<Vec<u8>>,)> =
            self.ask(FIRST, &[Arg::Text(uid), Arg::Int(seq)]).await?;
        let Some((Some(body),)) = rows.into_iter().next() else { return Ok(None) };
        let delivery = Delivery::parse(body);
        let booking = delivery.event.booking().filter(|it| it.recurring_event.is_none());
        let told = booking.and_then(|booking| booking.ical_uid.clone());
        Ok(told.filter(|uid| !uid.trim().is_empty()))
    }

    /// Returns the booking as it was reported last; `None` when nothing that is kept describes it.
    /// A report that does not say when the booking is counts only where none does.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn latest_booking(&self, uid: &BookingUid) -> Result<Option<Booking>, StoreError> {
        let mut latest = None;
        for report in self.last_reports(uid).await? {
            match report.event.booking() {
                Some(booking) if booking.start.is_some() => return Ok(Some((**booking).clone())),
                Some(booking) => latest = latest.or_else(|| Some((**booking).clone())),
                None => {}
            }
        }
        Ok(latest)
    }

    /// Returns the last reports about a booking that count, the newest first.
    pub(crate) async fn last_reports(
        &self,
        uid: &BookingUid,
    ) -> Result<Vec<Arc<Delivery>>, StoreError> {
        // Those that came last are found by the index, however many there are.
        const REPORTS: &str = "SELECT body FROM cal_deliveries WHERE seq IN ( \
                SELECT seq FROM cal_deliveries WHERE uid = $1 AND body IS NOT NULL \
                    AND decision IN ('applied', 'revision', 'same') ORDER BY seq DESC LIMIT $2) \
            ORDER BY coalesce(created_at, received_at) DESC, seq DESC";
        let args = [Arg::Text(uid.as_str()), Arg::Int(BODIES)];
        let bodies: Vec<(Vec<u8>,)> = self.ask(REPORTS, &args).await?;
        Ok(bodies.into_iter().map(|(body,)| Arc::new(Delivery::parse(body))).collect())
    }

    /// Whether an attendee was marked as absent before a delivery, whatever became of the mark.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn was_absent(
        &self,
        id: DeliveryId,
        uid: &BookingUid,
        email: &str,
    ) -> Result<bool, StoreError> {
        const BEFORE: &str = "SELECT d.body FROM cal_deliveries d JOIN cal_deliveries e ON e.id = $1 \
            WHERE d.uid = $2 AND d.body IS NOT NULL AND d.transition = 'no_show' \
                AND d.decision = 'applied' \
                AND coalesce(d.created_at, d.received_at) < coalesce(e.created_at, e.received_at) \
            ORDER BY d.seq DESC LIMIT $3";
        let id = id.to_string();
        let args = [Arg::Text(&id), Arg::Text(uid.as_str()), Arg::Int(BODIES)];
        let bodies: Vec<(Vec<u8>,)> = self.ask(BEFORE, &args).await?;
        let email = address(email);
        let mut updates = bodies.into_iter().map(|(body,)| Delivery::parse(body).event);
        Ok(updates.any(|event| match event {
            Event::BookingNoShowUpdated(update) => {
                let mut rows = update.attendees.iter();
                rows.any(|row| row.no_show && address(&row.email) == email)
            }
            _ => false,
        }))
    }

    /// Returns whether somebody was marked as absent last; `None` when no mark that is kept names
    /// them.
    pub(crate) async fn absence(
        &self,
        uid: &BookingUid,
        email: &str,
    ) -> Result<Option<bool>, StoreError> {
        const MARKS: &str = "SELECT body FROM cal_deliveries WHERE uid = $1 AND body IS NOT NULL \
                AND trigger_event IN ('BOOKING_NO_SHOW_UPDATED', 'AFTER_GUESTS_CAL_VIDEO_NO_SHOW') \
                AND decision = 'applied' \
            ORDER BY coalesce(created_at, received_at) DESC, seq DESC LIMIT $2";
        let args = [Arg::Text(uid.as_str()), Arg::Int(BODIES)];
        let bodies: Vec<(Vec<u8>,)> = self.ask(MARKS, &args).await?;
        let marked = |(body,): (Vec<u8>,)| match Delivery::parse(body).event {
            Event::BookingNoShowUpdated(update) => {
                let row = update.attendees.iter().find(|row| address(&row.email) == email);
                row.map(|row| row.no_show)
            }
            Event::AfterGuestsCalVideoNoShow(call) => {
                let mut absent = call.absent_guests().into_iter();
                absent.any(|guest| address(&guest.email) == email).then_some(true)
            }
            _ => None,
        };
        Ok(bodies.into_iter().find_map(marked))
    }
}
