//! Answers that are one thing from some servers or for some things, and a list from others.

use cal_client::{
    Error,
    bookings::Booking,
    event_types::{NewTeamEventType, SchedulingType, UpdateTeamEventType},
    workflows::{Activation, EventTypeTrigger, Offset, Recipient},
};
use cal_core::EventTypeId;
use serde_json::{Value, json};

use crate::{replay::Replay, server::Reply, types::bookings::booking};

fn data(data: &Value) -> Reply {
    Reply::data(&data.to_string())
}

#[tokio::test]
async fn a_booking_stands_alone_or_in_a_series() {
    let uids = |bookings: Vec<Booking>| {
        bookings.iter().map(|booking| booking.uid.to_string()).collect::<Vec<_>>()
    };
    let replay = Replay::start().await;
    let bookings = replay.client.bookings();
    replay.answer(data(&booking("a")));
    assert_eq!(bookings.get("b").await.unwrap().uid.as_str(), "a");
    assert_eq!(uids(bookings.get_series("b").await.unwrap()), ["a"]);

    replay.answer(data(&json!([booking("a"), booking("b"), booking("c")])));
    assert_eq!(bookings.get_by_seat("s").await.unwrap().uid.as_str(), "a");
    assert_eq!(bookings.get("a").await.unwrap().uid.as_str(), "a");
    assert_eq!(bookings.get("b").await.unwrap().uid.as_str(), "b");
    assert_eq!(bookings.get("d").await.unwrap().uid.as_str(), "a");
    assert_eq!(uids(bookings.get_series("b").await.unwrap()), ["a", "b", "c"]);

    for none in [json!([]), json!(null)] {
        replay.answer(data(&none));
        assert!(bookings.get("a").await.unwrap_err().is_decode());
    }
}

#[tokio::test]
async fn a_managed_event_type_comes_with_those_of_its_members() {
    let replay = Replay::start().await;
    let event_types = replay.client.team(7).event_types();
    let one = || json!({"id": 1});
    for (made, ids) in [
        (one(), Some(vec![1])),
        (json!([one(), {"id": 2}]), Some(vec![1, 2])),
        (json!([]), Some(vec![])),
        (json!(null), None),
        (json!({"id": "b"}), None),
    ] {
        replay.answer(data(&made));
        let new = NewTeamEventType::new("Intro", "intro", 30u32, SchedulingType::Managed);
        for result in [
            event_types.create(&new).await,
            event_types.update(1, &UpdateTeamEventType::new()).await,
        ] {
            let is_decode = result.as_ref().is_err_and(Error::is_decode);
            let read = result.ok().map(|all| all.iter().map(|it| it.id).collect::<Vec<_>>());
            let ids = ids.as_ref().map(|ids| ids.iter().copied().map(EventTypeId).collect());
            assert_eq!((read, is_decode), (ids.clone(), ids.is_none()));
        }
    }
}

#[tokio::test]
async fn a_workflow_comes_alone_or_in_a_list() {
    let replay = Replay::start().await;
    let read = async |answer: &Value| {
        replay.answer(data(answer));
        replay.client.org(1).team(7).workflows().get(1).await
    };
    // As Cal.com's source writes it.
    let alone = json!({
        "id": 1,
        "name": "Reminder",
        "type": "event-type",
        "activation": {"isActiveOnAllEventTypes": false, "activeOnEventTypeIds": [5, 6]},
        "trigger": {"type": "beforeEvent", "offset": {"value": 24, "unit": "hour"}},
        "steps": [{
            "id": 2, "stepNumber": 1, "action": "email_host", "recipient": "const",
            "template": "reminder", "sender": "Default Sender", "email": "", "phone": "",
            "includeCalendarEvent": true, "message": {"subject": "", "html": "<p></p>"},
        }],
    });
    let workflow = read(&alone).await.unwrap();
    let only = Activation::Only(vec![EventTypeId(5), EventTypeId(6)]);
    assert_eq!(workflow.activation, Some(only));
    let offset = Offset::hours(24);
    assert_eq!(workflow.trigger, Some(EventTypeTrigger::BeforeEvent { offset }));
    assert_eq!(workflow.steps[0].recipient, Some(Recipient::Host));
    assert_eq!(read(&json!([alone, 3])).await.unwrap(), workflow);
    for wrong in [json!([]), json!(null), json!([{"name": "no id"}])] {
        assert!(read(&wrong).await.unwrap_err().is_decode());
    }
}
