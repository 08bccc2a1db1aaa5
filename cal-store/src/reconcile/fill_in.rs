//! Titles and guests that the API does not show and the ledger knows.

use cal_core::{BookingUid, EventTypeId};
use cal_webhook::{Change, StoreError};
use serde_json::{Value, json};

use super::news::News;
use crate::SqlStore;

impl SqlStore {
    /// Adds the titles of event types, and who had the seats of a booking that was cancelled.
    pub(super) async fn fill_in(&self, news: Vec<News>) -> Result<Vec<News>, StoreError> {
        if news.is_empty() {
            return Ok(news);
        }
        let titles = self.titles().await?;
        let mut complete = Vec::new();
        for news in news {
            let mut members = Vec::new();
            let id = news.payload()["eventTypeId"].as_i64().map(EventTypeId);
            if let Some(title) = id.and_then(|id| titles.get(&id)) {
                members.push(("eventTitle", json!(title)));
                if news.payload()["seatsPerTimeSlot"].is_number() {
                    members.push(("title", json!(title)));
                }
            }
            let attendees = news.payload()["attendees"].as_array();
            let uid = news.uid().filter(|_| attendees.is_some_and(Vec::is_empty));
            if let Some(uid) = uid.filter(|_| news.is_change(&[Change::Cancelled])) {
                members.extend(self.seats_of(uid).await?);
            }
            complete.push(news.complete(members));
        }
        Ok(complete)
    }

    /// Returns whom a cancellation of all seats concerns: the API shows nobody any more.
    async fn seats_of(&self, uid: &BookingUid) -> Result<Vec<(&'static str, Value)>, StoreError> {
        let guests = self.guests(uid).await?;
        let Some(last) = guests.last() else { return Ok(Vec::new()) };
        let mut members = vec![("seatsPerTimeSlot", json!(last.seats_per_time_slot.unwrap_or(1)))];
        if let Some(title) = &last.event_title {
            members.extend([("eventTitle", json!(title)), ("title", json!(title))]);
        }
        // Rows of people who leave alone have numbers, these do not.
        let guest = |booking: &cal_core::Booking| {
            let mut guest = json!(booking.booker()?);
            guest.as_object_mut()?.retain(|name, _| name != "bookingId" && name != "noShow");
            Some(guest)
        };
        members.push(("attendees", guests.iter().filter_map(guest).collect()));
        Ok(members)
    }
}
