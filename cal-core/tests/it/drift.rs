//! Members that change their type or repeat cost only themselves, and are told without their value.

use cal_core::{Delivery, Event, Outline, Parsed, Trigger};
use cal_testing::some_of;
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

use crate::{
    cases,
    tree::{Tree, spelled, take, values, written},
};

fn same_type(one: &Value, other: &Value) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

#[test]
fn a_member_of_another_type_costs_only_itself() {
    for tree in Tree::all() {
        let whole = written(&tree.read());
        for (seed, member) in (0..).zip(&tree.new_members) {
            for value in some_of(values(), 2, seed) {
                let mut changed = tree.clone();
                let place = changed.value.pointer_mut(member).unwrap();
                if same_type(place, &value) {
                    continue;
                }
                *place = value.clone();
                let delivery = changed.read();
                let at = format!("{} with {value} at {member}", tree.name);
                if tree.requires(member) && delivery.parsed() == Parsed::Opaque {
                    continue;
                }
                assert_eq!(delivery.parsed(), Parsed::Typed, "{at}");
                let mut now = written(&delivery);
                let kept = take(&mut now, member) == Some(value);
                assert!(kept || !delivery.set_aside().is_empty(), "{at} is lost");
                for problem in delivery.set_aside() {
                    let path = problem.path();
                    let untagged =
                        member.contains("/assignmentReason/") && path == "payload.assignmentReason";
                    assert!(path.starts_with(&spelled(member)) || untagged, "{at}: {problem}");
                    assert!(!problem.to_string().contains("918273645"), "{at}: {problem}");
                    assert!(!format!("{problem:?}").contains("918273645"), "{at}: {problem:?}");
                    if untagged {
                        take(&mut now, "/payload/assignmentReason");
                    }
                }
                let mut others = whole.clone();
                take(&mut others, member);
                if now.pointer("/payload/assignmentReason").is_none() {
                    take(&mut others, "/payload/assignmentReason");
                }
                assert_eq!(now, others, "{at}");
            }
        }
    }
}

#[test]
fn what_a_payload_cannot_do_without_is_named() {
    for tree in Tree::all() {
        for member in tree.members.iter().filter(|member| tree.requires(member)) {
            if member == "/payload" && tree.trigger == Trigger::CalendarEntryRejected {
                continue;
            }
            let mut changed = tree.clone();
            *changed.value.pointer_mut(member).unwrap() = json!(918_273_645);
            let delivery = changed.read();
            let Event::Opaque(opaque) = &delivery.event else {
                assert_eq!(delivery.set_aside()[0].path(), "payload.assignmentReason");
                continue;
            };
            if member == "/triggerEvent" {
                assert_eq!((opaque.trigger.as_ref(), opaque.reason.path()), (None, ""));
            } else {
                assert_eq!(opaque.trigger.as_ref(), Some(&tree.trigger));
                assert_eq!(opaque.reason.path(), spelled(member), "{}", tree.name);
            }
            assert!(!opaque.reason.to_string().contains("918273645"), "{}", opaque.reason);
        }
    }
}

#[test]
fn a_report_says_what_was_expected_and_what_was_found() {
    for (value, found) in
        [(r#""ada@example.com, expected x""#, "string"), ("1.5", "floating point")]
    {
        let delivery = Delivery::parse(format!(
            r#"{{"triggerEvent":"BOOKING_CANCELLED","payload":{{"length":{value}}}}}"#
        ));
        let [problem] = delivery.set_aside() else { panic!("{:?}", delivery.set_aside()) };
        assert_eq!(problem.to_string(), format!("expected i64, found {found} at payload.length"));
        assert_eq!(problem.path(), "payload.length");
    }
    // Where the whole body is meant, no place is named.
    let problem = Outline::of(br#"{"triggerEvent":1.5}"#).unwrap_err();
    assert_eq!(problem.to_string(), "expected a string, found floating point");
    assert_eq!(problem.path(), "");
}

#[test]
fn of_a_repeated_member_the_last_one_counts() {
    for tree in Tree::all() {
        let whole = written(&tree.read());
        for (seed, member) in (0..).zip(&tree.new_members) {
            let name = member.rsplit_once('/').unwrap().1;
            let value = tree.value.pointer(member).unwrap().to_string();
            for first in some_of(vec![json!("first"), json!({"a": 1}), Value::Null], 1, seed) {
                let mut marked = tree.clone();
                *marked.value.pointer_mut(member).unwrap() = json!("repeat here");
                let text = marked
                    .value
                    .to_string()
                    .replace(r#""repeat here""#, &format!("{first},{}:{value}", json!(name)));
                let delivery = Delivery::parse(text);
                let at = format!("{} with {member} twice, first {first}", tree.name);
                assert_eq!(delivery.parsed(), Parsed::Typed, "{at}: {:?}", delivery.event);
                assert!(delivery.set_aside().is_empty(), "{at}: {:?}", delivery.set_aside());
                assert_eq!(written(&delivery), whole, "{at}");
            }
        }
    }
}

#[test]
fn of_a_repeated_answer_the_last_one_counts() {
    let body = r#"{"triggerEvent":"BOOKING_CREATED","payload":{
        "startTime":"2026-06-09T07:30:00Z","endTime":"2026-06-09T08:15:00Z",
        "responses":{"name":"first","email":"mirela@example.org","name":"last"}}}"#;
    let delivery = Delivery::parse(body);
    let answers = delivery.event.booking().unwrap().responses.clone().unwrap();
    let text = |slug| answers.get(slug).unwrap().value.as_ref().unwrap().as_str().unwrap();
    assert_eq!(text("name"), "last");
    assert_eq!(text("email"), "mirela@example.org");
}

#[test]
fn an_item_that_does_not_fit_costs_only_itself() {
    let body = r#"{"triggerEvent":"BOOKING_CREATED","payload":{
        "startTime":"2026-06-09T07:30:00Z","endTime":"2026-06-09T08:15:00Z",
        "attendees":["nobody",{"email":"mirela@example.org"},null]}}"#;
    let delivery = Delivery::parse(body);
    let attendees = &delivery.event.booking().unwrap().attendees;
    assert_eq!(attendees.len(), 1);
    assert_eq!(attendees[0].email, "mirela@example.org");
    assert_eq!(delivery.set_aside()[0].path(), "payload.attendees[0]");
}

proptest! {
    #![proptest_config(cases(80))]

    #[test]
    fn no_report_quotes_a_value(
        tree in any::<Index>(),
        member in any::<Index>(),
        text in r#"[a-z` ,".:0-9\\]{0,20}"#,
        around in any::<bool>(),
    ) {
        let mut tree = tree.get(Tree::all()).clone();
        let member = member.get(&tree.members).clone();
        let secret = format!("{text}918273645{text}");
        // A report names members; only what stands in them is somebody's.
        let value = if around { json!({"a": [secret], "b": secret}) } else { json!(secret) };
        *tree.value.pointer_mut(&member).unwrap() = value;
        let delivery = tree.read();
        let reports = delivery.set_aside().iter().map(|problem| format!("{problem} {problem:?}"));
        let reason = match &delivery.event {
            Event::Opaque(opaque) => Some(format!("{opaque:?}")),
            _ => None,
        };
        for report in reports.chain(reason) {
            prop_assert!(!report.contains("918273645"), "{}", report);
        }
    }
}
