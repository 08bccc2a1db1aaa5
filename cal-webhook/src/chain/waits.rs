//! Bookings whose calendar entry names one that is not known.

use cal_core::BookingUid;
use chrono::{DateTime, Utc};

use crate::Reading;

use super::{Chains, value::Value};

/// Returns the key under which it stands who waits for a booking.
///
/// One of them stands for all: those who wait for the same booking are one chain already.
pub(crate) fn waits_for(uid: &BookingUid) -> String {
    format!("waits:{uid}")
}

impl Chains {
    /// Joins those who wait for a booking that is not known, or begins to wait for it.
    pub(super) fn wait(&mut self, uid: &BookingUid, root: &BookingUid) {
        if let Some(waiting) = self.waiting_at(&waits_for(root)) {
            return self.join(uid, &waiting);
        }
        self.keep_waiting(root, uid.as_str());
    }

    /// Lets those who have waited for a booking be of its chain.
    pub(super) fn end_waiting(&mut self, uid: &BookingUid) {
        if let Some(waiting) = self.waiting_at(&waits_for(uid)) {
            self.keep_waiting(uid, "");
            self.join(uid, &waiting);
        }
    }

    /// Returns who waits for the bookings of a delivery.
    pub(super) fn waiting(&self, reading: &Reading) -> Vec<BookingUid> {
        self.waiting_for(reading).map(|(_, waiting)| waiting).collect()
    }

    /// Returns the bookings of a delivery that others wait for, each with one of those.
    pub(super) fn waiting_for<'a>(
        &'a self,
        reading: &'a Reading,
    ) -> impl Iterator<Item = (&'a BookingUid, BookingUid)> {
        let known = |key: &String| self.values.get(key).filter(|known| !known.value.is_empty());
        let waits = reading.waits.iter();
        waits.filter_map(move |(uid, key)| Some((uid, known(key)?.value.as_str().into())))
    }

    fn waiting_at(&self, key: &str) -> Option<BookingUid> {
        let waiting = BookingUid::from(self.values.get(key)?.value.as_str());
        self.bookings.contains_key(&waiting).then_some(waiting)
    }

    fn keep_waiting(&mut self, root: &BookingUid, waiting: &str) {
        let key = waits_for(root);
        let value = Value::new(waiting.to_owned(), DateTime::<Utc>::UNIX_EPOCH, 0);
        self.values.insert(key.clone(), value);
        self.written.insert(key);
    }
}
