//! Workflows: what starts them, and when.

use cal_client::workflows::{Activation, EventTypeTrigger, FormTrigger, FormWorkflow, Offset};
use cal_core::{EventTypeId, FormId};
use serde_json::json;

#[test]
fn almost_everything_may_be_missing() {
    let workflow: FormWorkflow =
        serde_json::from_value(json!({"id": 1, "name": null, "createdAt": "yesterday"})).unwrap();
    assert_eq!(workflow.created_at, None);
    assert_eq!(workflow.activation, None);
    assert!(workflow.steps.is_empty());
}

#[test]
fn it_is_for_all_or_for_some() {
    let all = Activation::<EventTypeId>::All;
    assert_eq!(serde_json::to_value(&all).unwrap(), json!({"isActiveOnAllEventTypes": true}));
    let some = Activation::Only(vec![FormId::from("a-form")]);
    let json = json!({
        "isActiveOnAllRoutingForms": false,
        "activeOnRoutingFormIds": ["a-form"],
    });
    assert_eq!(serde_json::to_value(&some).unwrap(), json);
    assert_eq!(serde_json::from_value::<Activation<FormId>>(json).unwrap(), some);
    for (json, want) in [
        (json!({}), Activation::Only(vec![])),
        (json!({"isActiveOnAllEventTypes": null}), Activation::Only(vec![])),
        (json!({"isActiveOnAllEventTypes": true, "activeOnEventTypeIds": [1]}), all),
    ] {
        let activation: Activation<EventTypeId> = serde_json::from_value(json).unwrap();
        assert_eq!(activation, want);
    }
}

#[test]
fn triggers_have_their_offsets() {
    let offset = json!({"value": 24, "unit": "hour"});
    for (kind, has_offset) in [
        ("afterEvent", true),
        ("afterGuestsCalVideoNoShow", true),
        ("afterHostsCalVideoNoShow", true),
        ("beforeEvent", true),
        ("bookingNoShowUpdated", false),
        ("bookingPaid", false),
        ("bookingPaymentInitiated", false),
        ("bookingRejected", false),
        ("bookingRequested", false),
        ("eventCancelled", false),
        ("newEvent", false),
        ("rescheduleEvent", false),
    ] {
        let mut json = json!({"type": kind});
        if has_offset {
            json["offset"] = offset.clone();
        }
        let trigger: EventTypeTrigger = serde_json::from_value(json.clone()).unwrap();
        assert!(!matches!(trigger, EventTypeTrigger::Unknown(_)), "{kind}");
        assert_eq!(serde_json::to_value(&trigger).unwrap(), json);
    }
    for (trigger, json) in [
        (FormTrigger::FormSubmitted, json!({"type": "formSubmitted"})),
        (
            FormTrigger::FormSubmittedNoEvent { offset: Offset::minutes(5) },
            json!({"type": "formSubmittedNoEvent", "offset": {"value": 5, "unit": "minute"}}),
        ),
    ] {
        assert_eq!(serde_json::to_value(&trigger).unwrap(), json);
        assert_eq!(serde_json::from_value::<FormTrigger>(json).unwrap(), trigger);
    }
}

#[test]
fn what_cannot_be_read_is_kept() {
    for json in [
        json!({"type": "fullMoon", "phase": 3}),
        json!({"type": "beforeEvent", "offset": null}),
        json!({"type": "beforeEvent", "offset": {"value": -1, "unit": "hour"}}),
        json!({}),
    ] {
        let trigger: EventTypeTrigger = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(trigger, EventTypeTrigger::Unknown(json.clone()));
        assert_eq!(serde_json::to_value(&trigger).unwrap(), json);
    }
    let later = json!({"type": "newEvent", "offset": null, "more": 1});
    let trigger: EventTypeTrigger = serde_json::from_value(later).unwrap();
    assert_eq!(trigger, EventTypeTrigger::NewEvent);
}
