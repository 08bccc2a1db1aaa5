//! A second, slower look at what the API does not show as changes.

use std::pin::pin;

use cal_client::bookings::{Booking, BookingStatus, SeesChanges, Sort};
use cal_core::SeatUid;
use cal_webhook::{Chains, SeatRow, TakenSeat};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;

use super::{
    PAGE, ReconcileError, Reconciler, Sweep,
    news::{self, News},
    span,
};

impl<S: SeesChanges> Reconciler<S> {
    /// Brings in who was absent, and who was not after all.
    pub(super) async fn absent(
        &self,
        now: DateTime<Utc>,
        sweep: &mut Sweep,
    ) -> Result<(), ReconcileError> {
        let list = self.list.clone().starting_after(now - span(self.reach)).ending_before(now);
        let mut pages = pin!(list.sort_start(Sort::Asc).take(PAGE).pages());
        while let Some(page) = pages.try_next().await? {
            sweep.note(&page);
            // Nobody is marked before the end is near. Where the opposite was reported later than
            // that, the API is newer still.
            let marks = |at: Option<DateTime<Utc>>| {
                let bookings = page.items.iter();
                bookings.flat_map(|it| news::absences(it, at.unwrap_or(it.end))).collect()
            };
            let mut unknown = self.store.unknown(marks(None)).await?;
            let later = self.store.unknown(marks(Some(now))).await?;
            let is_new = |news: &News| !unknown.iter().any(|other| other.has_subject_of(news));
            let later: Vec<_> = later.into_iter().filter(is_new).collect();
            unknown.extend(later);
            sweep.missed += self.store.bring(unknown).await?;
        }
        Ok(())
    }

    /// Brings in which seats of bookings to come were taken, and which were given up.
    pub(super) async fn seated(
        &self,
        now: DateTime<Utc>,
        sweep: &mut Sweep,
    ) -> Result<(), ReconcileError> {
        let list = self.list.clone().starting_after(now).sort_start(Sort::Asc);
        let mut pages = pin!(list.take(PAGE).pages());
        while let Some(page) = pages.try_next().await? {
            sweep.note(&page);
            let stands = |booking: &&Booking| booking.status == BookingStatus::Accepted;
            let bookings: Vec<_> = page.items.iter().filter(stands).collect();
            let uids: Vec<_> = bookings.iter().map(|booking| &booking.uid).collect();
            let known = self.store.seats(&uids).await?;
            let taken = bookings.iter().flat_map(|booking| taken(booking, &known, now));
            sweep.missed += self.bring(taken.collect()).await?;
            for booking in bookings {
                let left = self.left(booking, &known, now).await?;
                sweep.missed += self.bring(left).await?;
            }
        }
        Ok(())
    }

    /// Tells who has given up a seat, as far as the ledger knows who that is.
    async fn left(
        &self,
        booking: &Booking,
        known: &Chains,
        now: DateTime<Utc>,
    ) -> Result<Vec<News>, ReconcileError> {
        // A seat that was taken just now may not have been shown yet.
        let old = now - span(self.age);
        let left = known.taken(&booking.uid).filter(|seat| !is_shown(booking, seat));
        let left: Vec<_> = left.filter(|seat| seat.taken_at < Some(old)).collect();
        if left.is_empty() {
            return Ok(Vec::new());
        }
        let takers = self.store.takers(&booking.uid).await?;
        let left = left.iter().filter_map(|seat| takers.get(&seat.number));
        Ok(left.filter_map(|taken| news::seat_left(taken, now)).collect())
    }
}

/// Tells which seats of a booking nobody has heard of.
fn taken(booking: &Booking, known: &Chains, now: DateTime<Utc>) -> Vec<News> {
    let is_new = |seat: &SeatUid| !known.knows_seat(&booking.uid, seat.as_str());
    let guests = booking.attendees.iter();
    let new = guests.filter(|guest| guest.seat_uid.as_ref().is_some_and(is_new));
    new.filter_map(|guest| news::seat(booking, guest, now)).collect()
}

/// Whether the API shows a seat, by its reference or by who has it: somebody who gave it up and took
/// another one still comes.
fn is_shown(booking: &Booking, seat: &TakenSeat) -> bool {
    booking.attendees.iter().any(|guest| {
        let reference = guest.seat_uid.as_ref().map(SeatUid::as_str);
        reference == seat.reference.as_deref() && reference.is_some()
            || guest.email.as_deref().map(SeatRow::holder) == seat.attendee
    })
}
