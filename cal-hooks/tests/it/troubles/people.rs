//! Names, texts and campaigns of people, told to every sink.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cal_hooks::{
    analytics::{Analytics, AnalyticsHook, Event},
    crm::{Activity, Contact, ContactId, Crm, CrmHook, LocalCrm, Points, Stage},
    notify::Slack,
};
use cal_store::SqlStore;
use cal_webhook::{Dispatcher, HookError, MemoryStore, Settlement, Store as _, TaskState};
use serde_json::{Value, json};

use super::{Kept, created, later::until, news, recorded, sent};
use crate::{
    bodies::arrival,
    place::Place,
    server::{Reply, Server},
};

/// Keeps what it is told.
#[derive(Clone, Default)]
struct Notes {
    contacts: Arc<Mutex<Vec<Contact>>>,
    activities: Arc<Mutex<Vec<Activity>>>,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Crm for Notes {
    async fn upsert_contact(&self, contact: &Contact) -> Result<ContactId, HookError> {
        self.contacts.lock().unwrap().push(contact.clone());
        Ok(ContactId(contact.email.clone()))
    }

    async fn record_activity(&self, _: &ContactId, activity: &Activity) -> Result<(), HookError> {
        self.activities.lock().unwrap().push(activity.clone());
        Ok(())
    }

    async fn set_stage(&self, _: &ContactId, _: Stage) -> Result<(), HookError> {
        Ok(())
    }

    async fn add_points(&self, _: &ContactId, _: &Points) -> Result<(), HookError> {
        Ok(())
    }
}

impl Analytics for Notes {
    async fn capture(&self, event: &Event) -> Result<(), HookError> {
        self.events.lock().unwrap().push(event.clone());
        Ok(())
    }
}

/// Tells bodies to a receiver in memory, one after the other.
async fn tell(notes: &Notes, slack: &Server, bodies: &[String]) {
    tell_in(&Kept::Memory(MemoryStore::new()), notes, slack, bodies).await;
}

/// Does the same in a store.
async fn tell_in(kept: &Kept, notes: &Notes, slack: &Server, bodies: &[String]) {
    let receiver = kept.receiver(|builder| {
        builder
            .hook(CrmHook::new(notes.clone()))
            .hook(AnalyticsHook::new(notes.clone()))
            .hook(Slack::new(format!("{}/hook", slack.url())).unwrap())
    });
    for body in bodies {
        let known = kept.states().await.len();
        receiver.accept(arrival(body)).await.unwrap();
        until(async || {
            let states = kept.states().await;
            states.len() > known && states.iter().all(|it| *it == TaskState::Done)
        })
        .await;
    }
    receiver.shutdown(Duration::ZERO).await;
}

async fn slack() -> Server {
    Server::saying(Reply::text(200, "ok")).await
}

/// The last contact that a body makes.
async fn contact(body: String) -> Contact {
    let notes = Notes::default();
    tell(&notes, &slack().await, &[body]).await;
    let contacts = notes.contacts.lock().unwrap();
    contacts.first().cloned().unwrap()
}

#[tokio::test]
async fn marks_of_cal_com_are_shown_nowhere() {
    let off = |trigger: &str, members: Value| vec![created("a", 0), news(trigger, "a", 9, members)];
    let all = [
        recorded("rch-marker-shown"),
        off("BOOKING_CANCELLED", json!({"cancellationReason": "Please reschedule. Train is late"})),
        off(
            "BOOKING_CANCELLED",
            json!({"cancellationReason": "$RCH$ Please reschedule. Train is late",
                "requestReschedule": true}),
        ),
        off("BOOKING_REJECTED", json!({"rejectionReason": "$RCH$Train is late"})),
    ];
    for bodies in all.iter().filter(|bodies| !bodies.is_empty()) {
        let (notes, slack) = (Notes::default(), slack().await);
        tell(&notes, &slack, bodies).await;
        let text = slack.seen().last().unwrap().json()["text"].as_str().unwrap().to_owned();
        assert!(text.ends_with("\nWhy: Train is late"), "{text}");
        let activities = notes.activities.lock().unwrap();
        assert_eq!(activities.last().unwrap().note.as_deref(), Some("Train is late"));
    }
    // A mark alone is no reason.
    let (notes, slack) = (Notes::default(), slack().await);
    tell(&notes, &slack, &off("BOOKING_CANCELLED", json!({"cancellationReason": "$RCH$"}))).await;
    assert!(!slack.seen().last().unwrap().json()["text"].as_str().unwrap().contains("Why"));
}

fn attendee(members: Value) -> Value {
    let mut person = json!({"name": "Maria del Carmen Ruiz", "email": "maria@guest.example"});
    for (name, value) in members.as_object().unwrap() {
        person[name] = value.clone();
    }
    json!([person])
}

#[tokio::test]
async fn names_go_by_their_parts() {
    let parts = json!({"firstName": "Maria", "lastName": "del Carmen Ruiz"});
    let answer = json!({"name": {"label": "your_name", "value": parts}});
    let mut all = recorded("crm-name-parts");
    all.push(news("BOOKING_CREATED", "a", 0, json!({"attendees": attendee(parts.clone())})));
    all.push(news(
        "BOOKING_CREATED",
        "a",
        0,
        json!({"attendees": attendee(json!({})), "responses": answer}),
    ));
    for body in all {
        let found = contact(body).await;
        assert_eq!(found.first_name.as_deref(), Some("Maria"));
        assert_eq!(found.last_name.as_deref(), Some("del Carmen Ruiz"));
    }
}

#[tokio::test]
async fn telephones_are_found_wherever_they_stand() {
    let with = |members: Value| news("BOOKING_CREATED", "a", 0, members);
    let answer =
        |slug: &str, value: Value| json!({"responses": {slug: {"label": slug, "value": value}}});
    let mut all = recorded("crm-phone-elsewhere");
    all.extend([
        with(json!({"location": "+4790000002"})),
        with(answer("attendeePhoneNumber", json!("+4790000002"))),
        with(answer("location", json!({"value": "phone", "optionValue": "+4790000002"}))),
        with(
            json!({"userFieldsResponses": {"reach": {"label": "Mobile", "value": "+4790000002"}}}),
        ),
        with(json!({"smsReminderNumber": "+4790000002"})),
        with(json!({"attendees": [{"name": "Kari", "email": "4790000002@sms.cal.com"}]})),
    ]);
    for body in all {
        assert_eq!(contact(body.clone()).await.phone.as_deref(), Some("+4790000002"), "{body}");
    }
    // The host's own number, and what is none.
    let host = json!({"location": "+4790000002",
        "responses": {"location": {"label": "location", "value": {"value": "userPhone", "optionValue": ""}}}});
    for members in
        [host, json!({"location": "12 Harbour Row"}), answer("phone", json!("no, thanks"))]
    {
        assert_eq!(contact(with(members)).await.phone, None);
    }
}

#[tokio::test]
async fn an_address_in_a_form_is_found_by_its_value() {
    let form = |field: &str, value: &str| {
        let answers = json!({"company": {"value": "Fjord AS"}, field: {"value": value}});
        sent(
            "FORM_SUBMITTED",
            0,
            json!({"formId": "f3", "formName": "Contact", "responses": answers}),
        )
    };
    let mut all = recorded("form-email-by-other-name");
    let names =
        ["Email address", "E-mail", "your-email", "Business Email", "Wie erreichen wir Sie?"];
    all.extend(names.map(|name| form(name, "Zoe@guest.example.net ")));
    for body in all {
        assert_eq!(contact(body.clone()).await.email, "zoe@guest.example.net", "{body}");
    }
    let notes = Notes::default();
    tell(&notes, &slack().await, &[form("remark", "write to zoe @ home"), form("x", "a@b")]).await;
    assert!(notes.contacts.lock().unwrap().is_empty());
}

#[tokio::test]
async fn addresses_that_are_made_up_are_never_shown() {
    let people = json!([{"name": "Kari Call", "email": "4790000002@SMS.cal.com"}]);
    let marked = json!({"bookingUid": "a", "attendees": [{"email": "4790000002@sms.cal.com", "noShow": true}]});
    let bodies = [
        news("BOOKING_CREATED", "a", 0, json!({"attendees": people})),
        sent("BOOKING_NO_SHOW_UPDATED", 500, marked),
    ];
    let (notes, slack) = (Notes::default(), slack().await);
    tell(&notes, &slack, &bodies).await;
    for seen in slack.seen() {
        let text = seen.json().to_string();
        assert!(text.contains("+4790000002") && !text.to_lowercase().contains("sms.cal"), "{text}");
    }
    let contacts = std::mem::take(&mut *notes.contacts.lock().unwrap());
    assert!(contacts.iter().all(|it| it.email.is_empty()), "{contacts:?}");
    let kept = Kept::Memory(MemoryStore::new());
    kept.tell(&bodies[0]).await;
    let Kept::Memory(store) = kept else { return };
    assert_eq!(store.bookings(1, None)[0].attendee_email, None);
}

#[tokio::test]
async fn a_notice_names_all_hosts() {
    let team =
        json!({"name": "Panel", "members": [{"name": "Kim Hov", "email": "kim@studio.example"}]});
    let (notes, slack) = (Notes::default(), slack().await);
    tell(&notes, &slack, &[news("BOOKING_CREATED", "a", 0, json!({"team": team}))]).await;
    let text = slack.only().json()["text"].as_str().unwrap().to_owned();
    let hosts = "Host: Osk Vidal (osk@host.example), Kim Hov (kim@studio.example)";
    assert!(text.contains(hosts), "{text}");
}

#[tokio::test]
async fn what_is_known_of_a_contact_is_not_typed_over() {
    for place in Place::each().await {
        let store = place.store().await;
        let phone = |name: &str, number: &str| {
            let person =
                json!([{"name": name, "email": "runa@guest.example", "phoneNumber": number}]);
            json!({"attendees": person})
        };
        let bodies = [
            news(
                "BOOKING_CREATED",
                "a",
                0,
                json!({"attendees": [{"name": "", "email": "runa@guest.example"}]}),
            ),
            news("BOOKING_CREATED", "b", 9, phone("Runa Berg", "+4790000001")),
            news("BOOKING_CREATED", "c", 20, phone("R. B.", "+4790000009")),
        ];
        run(&store, &Dispatcher::new().hook(CrmHook::new(LocalCrm::new(store.clone()))), &bodies)
            .await;
        let known = store.contact("runa@guest.example").await.unwrap().unwrap();
        assert_eq!(
            (known.name.as_deref(), known.phone.as_deref()),
            (Some("Runa Berg"), Some("+4790000001"))
        );
        let again = CrmHook::new(LocalCrm::new(store.clone()).overwriting());
        let body = news("BOOKING_CREATED", "d", 30, phone("R. B.", "+4790000009"));
        run(&store, &Dispatcher::new().hook(again), &[body]).await;
        let known = store.contact("runa@guest.example").await.unwrap().unwrap();
        assert_eq!(
            (known.name.as_deref(), known.phone.as_deref()),
            (Some("R. B."), Some("+4790000009"))
        );
        place.clear().await;
    }
}

async fn run(store: &SqlStore, hooks: &Dispatcher, bodies: &[String]) {
    for body in bodies {
        store.accept(arrival(body)).await.unwrap();
        while store.plan(hooks).await.unwrap() > 0 {}
        for task in store.claim(&[("crm", 9)], Duration::from_secs(60)).await.unwrap() {
            let task = Arc::new(task);
            hooks.run(Arc::clone(&task)).await.result.unwrap();
            assert!(store.settle(&task, Settlement::Done).await.unwrap());
        }
    }
}

#[tokio::test]
async fn a_booking_keeps_its_visitor_and_its_campaign() {
    let from = json!({"funnel_id": "abc_123", "utm_source": "a letter", "utm_campaign": "May"});
    let own = json!({"identifier": "cal.com", "bookerEmail": "runa@guest.example"});
    let with = |trigger: &str, uid: &str, at, more: Value| news(trigger, uid, at, more);
    let paid = json!({"metadata": own, "paymentId": 5});
    let gone = json!({"metadata": null, "status": "CANCELLED"});
    let moved = |from: &str| json!({"rescheduleUid": from, "startTime": "2099-06-09T08:00:00Z"});
    let mut all = vec![(recorded("posthog-visitor-lost"), "")];
    all.push((
        vec![
            with("BOOKING_CREATED", "a", 0, json!({"metadata": from})),
            with("BOOKING_PAID", "a", 9, paid.clone()),
            with("BOOKING_RESCHEDULED", "b", 20, moved("a")),
            with("BOOKING_RESCHEDULED", "c", 30, moved("b")),
            with("BOOKING_CANCELLED", "c", 40, gone.clone()),
        ],
        "May",
    ));
    all.push((
        vec![
            with("BOOKING_REQUESTED", "a", 0, json!({"metadata": from, "status": "PENDING"})),
            with("BOOKING_CREATED", "a", 9, json!({"metadata": {}})),
            with("BOOKING_CANCELLED", "a", 40, gone),
        ],
        "May",
    ));
    for (bodies, campaign) in all.iter().filter(|(bodies, _)| !bodies.is_empty()) {
        for kept in Kept::each().await {
            let notes = Notes::default();
            tell_in(&kept, &notes, &slack().await, bodies).await;
            let events = std::mem::take(&mut *notes.events.lock().unwrap());
            assert_eq!(events.len(), bodies.len());
            for event in events {
                assert_eq!(event.visitor, "abc_123", "{event:?}");
                let found = event.properties.get("utm_campaign").and_then(Value::as_str);
                assert_eq!(found.unwrap_or_default(), *campaign, "{event:?}");
            }
            kept.clear().await;
        }
    }
}

#[tokio::test]
async fn visitors_of_one_slot_are_not_mixed_up() {
    let seat = |name: &str, at, metadata: Value| {
        let person = json!([{"name": name, "email": format!("{name}@guest.example")}]);
        let members = json!({"seatsPerTimeSlot": 4, "attendeeSeatId": format!("{name}-seat"),
            "attendees": person, "metadata": metadata});
        news("BOOKING_CREATED", "a", at, members)
    };
    let bodies = [seat("runa", 0, json!({"funnel_id": "abc_123"})), seat("sten", 9, json!({}))];
    let notes = Notes::default();
    tell(&notes, &slack().await, &bodies).await;
    let events = notes.events.lock().unwrap();
    let visitors: Vec<_> = events.iter().map(|event| event.visitor.as_str()).collect();
    assert_eq!(visitors, ["abc_123", "a"]);
}
