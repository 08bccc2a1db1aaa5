//! The event type's title, which the API does not show beside bookings.

use std::collections::HashMap;

use cal_client::bookings::Booking;
use cal_core::{Delivery, EventTypeId};
use cal_webhook::StoreError;

use crate::SqlStore;

/// How many deliveries are looked at for the titles of event types.
const RECENT: &str = "SELECT body FROM cal_deliveries WHERE decision = 'applied' \
    AND transition IN ('booked', 'requested', 'rescheduled') AND body IS NOT NULL \
    AND source = 'webhook' ORDER BY seq DESC LIMIT 200";

/// Returns what a booking is for, without the names that its own title has.
///
/// Unless the event type says otherwise that is `<title> between <host> and <guest>`. A title that names
/// the guest in another way is not told to others: the last part of the event type's link is.
pub(super) fn of(booking: &Booking) -> String {
    let host = booking.hosts.first().and_then(|host| host.name.as_deref()).unwrap_or_default();
    if let Some((title, _)) = booking.title.split_once(&format!(" between {host} and ")) {
        return title.to_owned();
    }
    let names = booking.attendees.iter().filter_map(|guest| guest.name.as_deref());
    let mut names = names.filter(|name| !name.trim().is_empty());
    // With seats the title names the first guest, who may have left.
    let is_shared = booking.attendees.iter().any(|guest| guest.seat_uid.is_some());
    let is_safe = !is_shared && !names.any(|name| booking.title.contains(name));
    let slug = booking.event_type.as_ref().and_then(|it| it.slug.as_deref()).unwrap_or_default();
    match is_safe && !booking.attendees.is_empty() || slug.is_empty() && !is_shared {
        true => booking.title.clone(),
        false => words(slug),
    }
}

/// Writes the last part of a link as words: `strategy-hour` as `Strategy hour`.
fn words(slug: &str) -> String {
    let mut letters = slug.chars().map(|c| if matches!(c, '-' | '_') { ' ' } else { c });
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.collect::<String>() + &letters.collect::<String>()
}

impl SqlStore {
    /// Returns what webhooks have called the event types lately.
    pub(super) async fn titles(&self) -> Result<HashMap<EventTypeId, String>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = self.ask(RECENT, &[]).await?;
        let mut titles = HashMap::new();
        for (body,) in rows {
            let delivery = Delivery::parse(body);
            let Some(booking) = delivery.event.booking() else { continue };
            let title = booking.event_title.clone().filter(|title| !title.trim().is_empty());
            if let Some((id, title)) = booking.event_type_id.zip(title) {
                titles.entry(id).or_insert(title);
            }
        }
        Ok(titles)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn title(title: &str, slug: Option<&str>, attendees: &Value) -> String {
        let booking = json!({
            "id": 7, "uid": "b", "title": title, "status": "accepted",
            "start": "2026-06-08T09:00:00.000Z", "end": "2026-06-08T10:00:00.000Z",
            "hosts": [{"id": 1, "name": "Ida Berg"}], "attendees": attendees,
            "eventType": slug.map(|slug| json!({"id": 5, "slug": slug})),
        });
        of(&serde_json::from_value(booking).unwrap())
    }

    #[test]
    fn a_title_names_no_guest() {
        let slug = Some("strategy-hour");
        let piet = json!([{"name": "Piet Roos", "email": "piet@example.org"}]);
        let seat = json!([{"name": "Noor", "email": "noor@example.org", "seatUid": "s1"}]);
        for (own, attendees, expected) in [
            ("Strategy between Ida Berg and Piet Roos", &piet, "Strategy"),
            ("Workshop between Ida Berg and Piet Roos", &seat, "Workshop"),
            ("Workshop between Ida Berg and Piet Roos", &json!([]), "Workshop"),
            ("Everything of Piet Roos", &piet, "Strategy hour"),
            ("Everything of Piet Roos", &seat, "Strategy hour"),
            ("Everything of Piet Roos", &json!([]), "Strategy hour"),
            ("Strategy session", &piet, "Strategy session"),
        ] {
            assert_eq!(title(own, slug, attendees), expected, "{own}");
        }
        assert_eq!(title("Everything of Piet", None, &seat), "");
        assert_eq!(title("Everything", None, &piet), "Everything");
    }
}
