//! Contacts: found, filled in, and moved along stages and points.

use super::*;

#[tokio::test]
async fn a_contact_that_is_not_there_is_made() {
    let (server, _) = account().await;
    let id = hubspot(server.url()).upsert_contact(&contact()).await.unwrap();
    assert_eq!(id, jonas());
    let seen = server.seen();
    assert_eq!(lines(&server), [FIND, "POST /crm/v3/objects/contacts"]);
    let all = json!({
        "email": "jonas@example.org", "firstname": "Jonas Maria", "lastname": "Weber",
    });
    assert_eq!(seen[1].json(), json!({ "properties": all }));
}

#[tokio::test]
async fn a_contact_that_is_there_keeps_what_is_not_known() {
    let (server, account) = account().await;
    let hubspot = hubspot(server.url());
    hubspot.upsert_contact(&contact()).await.unwrap();
    let mut known = Contact::new("jonas@example.org");
    known.phone = Some("+4930123456".to_owned());
    assert_eq!(hubspot.upsert_contact(&known).await.unwrap(), jonas());
    // Nothing to tell but the address.
    assert_eq!(hubspot.upsert_contact(&Contact::new("jonas@example.org")).await.unwrap(), jonas());

    let seen = server.seen();
    assert_eq!(seen[3].json(), json!({ "properties": { "phone": "+4930123456" } }));
    assert_eq!(lines(&server)[4..], [FIND], "nothing is changed");
    let contacts = &account.lock().unwrap().contacts;
    assert_eq!(contacts.len(), 1);
    assert_eq!(
        (&contacts[0]["lastname"], &contacts[0]["phone"]),
        (&json!("Weber"), &json!("+4930123456"))
    );
}

#[tokio::test]
async fn what_a_person_maintains_is_replaced_only_where_that_is_chosen() {
    for (overwrites, want) in [(false, ["Jonas Maria", "+4930123456"]), (true, ["J.", "+4940"])] {
        let (server, account) = account().await;
        let mut hubspot = hubspot(server.url());
        if overwrites {
            hubspot = hubspot.overwriting();
        }
        let mut known = contact();
        known.phone = Some("+4930123456".to_owned());
        hubspot.upsert_contact(&known).await.unwrap();
        let mut typed = Contact::new("jonas@example.org");
        (typed.name, typed.phone) = (Some("J. W.".to_owned()), Some("+4940".to_owned()));
        hubspot.upsert_contact(&typed).await.unwrap();
        let kept = &account.lock().unwrap().contacts[0];
        assert_eq!([&kept["firstname"], &kept["phone"]], want);
    }
}

#[tokio::test]
async fn people_with_only_a_telephone_are_found_by_it() {
    let (server, account) = account().await;
    let hubspot = hubspot(server.url());
    let mut caller = Contact::new("");
    (caller.name, caller.phone) = (Some("Kari Call".to_owned()), Some("+4790000002".to_owned()));
    let first = hubspot.upsert_contact(&caller).await.unwrap();
    assert_eq!(hubspot.upsert_contact(&caller).await.unwrap(), first);
    let contacts = &account.lock().unwrap().contacts;
    assert_eq!(contacts.len(), 1);
    assert!(!contacts[0].contains_key("email"));
}

#[tokio::test]
async fn a_contact_without_an_address_is_refused_before_anybody_is_asked() {
    let (server, _) = account().await;
    let error = hubspot(server.url()).upsert_contact(&Contact::new(" ")).await.unwrap_err();
    assert!(!error.is_transient());
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_stage_only_goes_forward() {
    let cases = [
        (None, Stage::Lead, Some("lead")),
        (Some("subscriber"), Stage::Lead, Some("lead")),
        (Some("lead"), Stage::Opportunity, Some("opportunity")),
        (Some("opportunity"), Stage::Customer, Some("customer")),
        (Some("opportunity"), Stage::Lead, None),
        (Some("customer"), Stage::Opportunity, None),
        (Some("customer"), Stage::Customer, None),
        (Some("1180912"), Stage::Customer, None),
    ];
    for (before, stage, written) in cases {
        let (server, account) = account().await;
        let hubspot = hubspot(server.url());
        hubspot.upsert_contact(&contact()).await.unwrap();
        if let Some(before) = before {
            account.lock().unwrap().contacts[0].insert("lifecyclestage".to_owned(), before.into());
        }
        hubspot.set_stage(&jonas(), stage).await.unwrap();
        let seen = server.seen();
        assert_eq!(seen[2].line(), "GET /crm/v3/objects/contacts/101?properties=lifecyclestage");
        let patch = seen.get(3).map(Seen::json);
        let expected = written.map(|stage| json!({ "properties": { "lifecyclestage": stage } }));
        assert_eq!(patch, expected, "{before:?} {stage:?}");
    }
}

#[tokio::test]
async fn points_are_added_once_for_each_key() {
    let (server, account) = account().await;
    let hubspot = hubspot(server.url()).score_property("calcom_score");
    hubspot.upsert_contact(&contact()).await.unwrap();
    let points = |key: &str, points| Points::new(key.to_owned(), points, "booked a consultation");
    for points in [points("1/crm", 20), points("1/crm", 20), points("2/crm", -15)] {
        hubspot.add_points(&jonas(), &points).await.unwrap();
    }
    {
        let account = account.lock().unwrap();
        assert_eq!(account.contacts[0]["calcom_score"], "5");
        assert_eq!(account.contacts[0]["calcom_score_keys"], "1/crm\n2/crm");
        assert_eq!(account.properties["contacts/calcom_score"]["type"], "number");
        assert_eq!(account.properties["contacts/calcom_score_keys"]["fieldType"], "textarea");
    }
    for number in 3..60 {
        hubspot.add_points(&jonas(), &points(&format!("{number}/crm"), 1)).await.unwrap();
    }
    let account = account.lock().unwrap();
    assert_eq!(account.contacts[0]["calcom_score"], "62");
    let keys = account.contacts[0]["calcom_score_keys"].as_str().unwrap();
    assert_eq!((keys.lines().count(), keys.lines().next()), (50, Some("10/crm")));
}

#[tokio::test]
async fn points_are_left_out_where_no_property_is_named() {
    let (server, _) = account().await;
    let points = Points::new("1/crm".to_owned(), 20, "booked a consultation");
    hubspot(server.url()).add_points(&jonas(), &points).await.unwrap();
    assert!(server.seen().is_empty());
}
