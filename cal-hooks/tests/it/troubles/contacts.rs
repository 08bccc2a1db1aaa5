//! What a CRM hears of absences and of seats that are moved.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cal_core::BookingUid;
use cal_hooks::crm::{Activity, Contact, ContactId, Crm, CrmHook, Points, Stage};
use cal_webhook::{Change, Dispatcher, HookError, Settlement, Store as _};
use serde_json::json;

use super::{created, news, recorded, sent};
use crate::{bodies::arrival, place::Place};

/// Keeps what it is told, by the contact's address.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<(String, Activity)>>>);

impl Crm for Notes {
    async fn upsert_contact(&self, contact: &Contact) -> Result<ContactId, HookError> {
        Ok(ContactId(contact.email.clone()))
    }

    async fn record_activity(&self, id: &ContactId, activity: &Activity) -> Result<(), HookError> {
        self.0.lock().unwrap().push((id.0.clone(), activity.clone()));
        Ok(())
    }

    async fn set_stage(&self, _: &ContactId, _: Stage) -> Result<(), HookError> {
        Ok(())
    }

    async fn add_points(&self, _: &ContactId, _: &Points) -> Result<(), HookError> {
        Ok(())
    }
}

/// Tells bodies one after the other, and returns what a CRM on each database has heard.
async fn heard(bodies: &[String]) -> Vec<Vec<(String, Activity)>> {
    let mut all = Vec::new();
    for place in Place::each().await {
        let (notes, store) = (Notes::default(), place.store().await);
        let hooks = Dispatcher::new().hook(CrmHook::new(notes.clone()));
        for body in bodies {
            store.accept(arrival(body)).await.unwrap();
            while store.plan(&hooks).await.unwrap() > 0 {}
            for task in store.claim(&[("crm", 9)], Duration::from_secs(60)).await.unwrap() {
                let task = Arc::new(task);
                hooks.run(Arc::clone(&task)).await.result.unwrap();
                assert!(store.settle(&task, Settlement::Done).await.unwrap());
            }
        }
        all.push(std::mem::take(&mut *notes.0.lock().unwrap()));
        place.clear().await;
    }
    all
}

#[tokio::test]
async fn all_guests_of_a_call_that_nobody_joined_are_marked() {
    let rows = json!([
        {"email": "runa@guest.example", "name": "Runa Berg", "noShow": false},
        {"email": "sten@guest.example", "name": "Sten Lie", "noShow": false},
    ]);
    let call = json!({"bookingUid": "a", "title": "x", "attendees": rows, "participants": []});
    let bodies = [created("a", 0), sent("AFTER_GUESTS_CAL_VIDEO_NO_SHOW", 300, call)];
    for heard in heard(&bodies).await {
        let absent = heard.iter().filter(|(_, it)| it.change == Change::GuestNoShow);
        let absent: Vec<_> = absent.map(|(who, _)| who.as_str()).collect();
        assert_eq!(absent, ["runa@guest.example", "sten@guest.example"]);
    }
}

#[tokio::test]
async fn a_seat_names_the_booking_that_it_was_in() {
    let seat = |trigger, uid: &str, second, from: Option<&str>| {
        let reference = "f9c8eda7-e47e-4f4a-bc47-4cdfcf8da143";
        let members =
            json!({"seatsPerTimeSlot": 4, "attendeeSeatId": reference, "rescheduleUid": from});
        news(trigger, uid, second, members)
    };
    let reference = Some("f9c8eda7-e47e-4f4a-bc47-4cdfcf8da143");
    let first = seat("BOOKING_CREATED", "a", 0, None);
    let mut members = vec![
        (vec![first.clone(), seat("BOOKING_RESCHEDULED", "b", 9, Some("a"))], "a"),
        // Cal.com may name the seat in place of the booking.
        (vec![first, seat("BOOKING_RESCHEDULED", "b", 9, reference)], "a"),
    ];
    members.push((recorded("seat-move-leaves-old-entry"), "seatX"));
    for (bodies, from) in members.iter().filter(|(bodies, _)| !bodies.is_empty()) {
        for heard in heard(bodies).await {
            let (_, moved) = heard.last().unwrap();
            assert_eq!(moved.change, Change::Rescheduled);
            assert_eq!(moved.moved_from, Some(BookingUid::from(*from)), "{bodies:#?}");
        }
    }
}
