//! Teams, and the attributes of their members.

use cal_client::{memberships::MembershipAttribute, teams::CreatedTeam};
use cal_core::TeamId;
use serde_json::{Value, json};

#[test]
fn a_team_is_there_or_to_be_paid_for() {
    let created: CreatedTeam =
        serde_json::from_value(json!({"id": 7, "name": null, "isOrganization": false})).unwrap();
    let CreatedTeam::Ready(team) = created else { panic!("{created:?}") };
    assert_eq!((team.id, team.name.as_str()), (TeamId(7), ""));
    let created = json!({
        "message": "Your team will be created once you pay",
        "paymentLink": "https://pay.example/1",
        "pendingTeam": {"id": 8, "name": "Support", "isOrganization": false},
    });
    let created: CreatedTeam = serde_json::from_value(created).unwrap();
    let CreatedTeam::Pending(pending) = created else { panic!("{created:?}") };
    assert_eq!(pending.payment_link, "https://pay.example/1");
    assert_eq!(pending.pending_team.unwrap().id, TeamId(8));
    assert!(serde_json::from_value::<CreatedTeam>(json!({"message": "no"})).is_err());
}

fn read(json: Value) -> MembershipAttribute {
    serde_json::from_value(json).unwrap()
}

#[test]
fn each_type_has_its_values() {
    let one = |kind: &str, option: Value| json!({"type": kind, "id": "a", "name": "A", "option": option, "optionId": "o"});
    match read(one("text", json!("tall"))) {
        MembershipAttribute::Text(text) => assert_eq!(text.option.as_deref(), Some("tall")),
        other => panic!("{other:?}"),
    }
    match read(one("number", json!(7))) {
        MembershipAttribute::Number(number) => assert_eq!(number.option, Some(7.0)),
        other => panic!("{other:?}"),
    }
    // Cal.com turns a text that is no number into `null`.
    match read(one("number", Value::Null)) {
        MembershipAttribute::Number(number) => assert_eq!(number.option, None),
        other => panic!("{other:?}"),
    }
    match read(one("singleSelect", json!("Berlin"))) {
        MembershipAttribute::SingleSelect(option) => {
            assert_eq!(option.option_id, Some("o".into()));
        }
        other => panic!("{other:?}"),
    }
    let options = json!([{"optionId": "o", "option": "Rust"}, {"optionId": "p"}]);
    match read(json!({"type": "multiSelect", "id": "a", "name": null, "options": options})) {
        MembershipAttribute::MultiSelect(attribute) => {
            assert_eq!(attribute.name, "");
            assert_eq!(attribute.options.len(), 2);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_cannot_be_read_is_kept() {
    for json in [
        json!({"type": "colour", "id": "a", "option": "red"}),
        json!({"type": "number", "id": "a", "option": "seven"}),
        json!({"id": "a"}),
    ] {
        assert_eq!(read(json.clone()), MembershipAttribute::Unknown(json));
    }
}
