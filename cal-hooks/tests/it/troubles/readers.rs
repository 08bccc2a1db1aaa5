//! Nobody gets a mail twice, and nobody reads another guest's name.

use cal_hooks::email::Mail;
use cal_webhook::{Dispatcher, Store as _};
use serde_json::{Value, json};

use super::{
    calendar::{Outbox, work},
    news, sent,
};
use crate::{bodies::arrival, place::Place};

/// Tells bodies to a store of each kind; returns the mails of all of them.
async fn mails(bodies: &[String]) -> Vec<Vec<Mail>> {
    let mut all = Vec::new();
    for place in Place::each().await {
        let (outbox, store) = (Outbox::default(), place.store().await);
        let mailer = outbox.mailer().store(store.clone()).calendar(true);
        let mailer = mailer.site("https://site.example").unwrap();
        let hooks = Dispatcher::new().hook(mailer.attendees()).hook(mailer.host_notices());
        for body in bodies {
            store.accept(arrival(body)).await.unwrap();
            while store.plan(&hooks).await.unwrap() > 0 {}
            work(&hooks, &store, &["email", "email-host"]).await;
        }
        all.push(outbox.take());
        place.clear().await;
    }
    all
}

fn person(name: &str) -> Value {
    let email = format!("{name}@guests.example");
    json!({"name": name, "email": email, "timeZone": "Europe/Oslo", "language": {"locale": "en"}})
}

fn readers(mails: &[Mail]) -> Vec<&str> {
    mails.iter().map(|mail| mail.to.email()).collect()
}

#[tokio::test]
async fn who_was_marked_as_absent_again_gets_one_mail() {
    let mark = |name: &str, second, absent: bool| {
        let rows = json!([{"email": format!("{name}@guests.example"), "noShow": absent}]);
        sent("BOOKING_NO_SHOW_UPDATED", second, json!({"bookingUid": "a", "attendees": rows}))
    };
    let booked =
        news("BOOKING_CREATED", "a", 0, json!({"attendees": [person("ann"), person("bea")]}));
    let bodies = [
        booked,
        mark("ann", 20, true),
        mark("ann", 30, false),
        mark("ann", 40, true),
        // Another one is news, and so is the next time.
        mark("bea", 50, true),
        mark("ann", 60, false),
        mark("ann", 70, true),
    ];
    for mails in mails(&bodies).await {
        let guests = mails.iter().filter(|mail| mail.kind.as_str() == "no_show");
        let guests: Vec<_> = guests.map(|mail| mail.to.email()).collect();
        assert_eq!(guests, ["ann@guests.example", "bea@guests.example"]);
        let hosts = mails.iter().filter(|mail| mail.kind.as_str() == "host");
        assert_eq!(hosts.count(), 3, "booked, and each who did not come");
    }
}

#[tokio::test]
async fn a_guest_who_was_added_gets_what_the_others_have() {
    let attendees = json!([person("ann"), person("bea"), person("cid")]);
    let booked = news("BOOKING_CREATED", "a", 0, json!({"attendees": [person("ann")]}));
    let added = |name: &str| {
        let more =
            json!({"attendees": attendees, "guestsAdded": [format!("{name}@guests.example")]});
        news("BOOKING_CREATED", "a", 60, more)
    };
    for mails in mails(&[booked, added("bea"), added("cid"), added("bea")]).await {
        let mails: Vec<_> =
            mails.into_iter().filter(|mail| mail.kind.as_str() == "confirmed").collect();
        let guests = ["ann@guests.example", "bea@guests.example", "cid@guests.example"];
        assert_eq!(readers(&mails), guests);
        assert!(mails.iter().all(|mail| mail.calendar.is_some()));
    }
}

#[tokio::test]
async fn no_guest_of_a_shared_slot_reads_another_ones_name() {
    let title = json!("Workshop between Osk Vidal and Ann-Marit");
    let seat = |name: &str, seat: &str, second| {
        let more = json!({"title": title, "eventTitle": "Workshop", "attendees": [person(name)],
            "attendeeSeatId": seat, "seatsPerTimeSlot": 5});
        news("BOOKING_CREATED", "w", second, more)
    };
    let all = json!({"title": title, "eventTitle": "Workshop", "seatsPerTimeSlot": 5,
        "attendees": [person("Ann-Marit"), person("Berit-Ann")], "location": "Quay 4"});
    let mut off = all.clone();
    off["status"] = json!("CANCELLED");
    let bodies = [
        seat("Ann-Marit", "s1", 0),
        seat("Berit-Ann", "s2", 20),
        news("BOOKING_LOCATION_UPDATED", "w", 40, all),
        news("BOOKING_CANCELLED", "w", 60, off),
    ];
    for mails in mails(&bodies).await {
        let of = |name: &str| {
            let email = format!("{name}@guests.example").to_lowercase();
            let mails = mails.iter().filter(move |mail| mail.to.email().to_lowercase() == email);
            mails.collect::<Vec<_>>()
        };
        for (reader, other) in [("Ann-Marit", "Berit-Ann"), ("Berit-Ann", "Ann-Marit")] {
            assert!(of(reader).len() >= 2, "{reader}");
            for mail in of(reader) {
                let file =
                    mail.calendar.as_ref().map(|file| file.text.as_str()).unwrap_or_default();
                for text in [mail.subject.as_str(), &mail.html, &mail.text, file] {
                    assert!(!text.replace("\r\n ", "").contains(other), "{text}");
                }
            }
        }
    }
}
