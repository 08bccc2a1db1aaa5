//! What a newcomer sees.

use std::fs;

use serde_json::{Value, json};

use crate::process::Site;

#[test]
fn the_demo_shows_bookings_from_the_first_visit_to_the_feedback() {
    let site = Site::start(&[]);
    let command = site.line_with("authorization: Bearer ");
    let token = command.split("Bearer ").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    let first = ["booked: ", "rescheduled: ", "cancelled: "].map(|change| site.line_with(change));
    assert!(first.iter().all(|line| line.contains("First consultation on ")), "{first:?}");
    let second = ["booked: ", "paid: "].map(|change| site.line_with(change));
    assert!(second.iter().all(|line| line.contains("Strategy consultation on ")), "{second:?}");
    let third = [" ended", "feedback: "].map(|change| site.line_with(change));
    assert!(third[1].ends_with("Strategy consultation was rated with 5 of 5"), "{third:?}");
    for line in first.iter().chain(&second).chain(&third) {
        let names = ["jonas", "weber", "mara", "lindqvist"];
        let line = line.to_lowercase();
        assert!(!names.iter().any(|name| line.contains(name)), "a person's data in {line}");
    }

    let (status, page) = site.admin("deliveries", &token);
    assert_eq!(status, 200);
    let items = page["items"].as_array().unwrap();
    let transitions: Vec<_> = items.iter().map(|item| &item["transition"]).collect();
    let expected = ["ended", "paid", "booked", "cancelled", "rescheduled", "booked"];
    assert_eq!(transitions, expected);
    assert!(items.iter().all(|item| item["decision"] == "applied" && item["parsed"] == "typed"));
    assert_eq!(items[4]["event"]["payload"]["rescheduleUid"], items[5]["booking_uid"]);
    assert_eq!(page["next"], Value::Null);
    what_followed(&site, &token);
}

/// The admin API and the folder of mails hold both bookings.
fn what_followed(site: &Site, token: &str) {
    let items = |list: &str| {
        let (status, page) = site.admin(list, token);
        assert_eq!(status, 200);
        page["items"].as_array().unwrap().clone()
    };
    let contact = |it: &Value| json!([it["email"], it["stage"], it["score"]]);
    let contacts: Vec<_> = items("contacts").iter().map(contact).collect();
    let expected =
        [json!(["mara@example.org", "customer", 75]), json!(["jonas@example.org", "lead", 10])];
    assert_eq!(contacts, expected);

    let steps = items("analytics/funnel?service=strategy-consultation");
    assert_eq!(steps.len(), 8);
    assert!(steps.iter().all(|step| step["count"] == 1), "{steps:?}");
    assert_eq!(steps.last().unwrap()["name"], "feedback");

    let service = |it: &Value| {
        json!([
            it["service"],
            it["bookings"],
            it["completed"],
            it["cancelled"],
            it["revenue"],
            it["rating"]
        ])
    };
    let services: Vec<_> = items("analytics/services").iter().map(service).collect();
    let expected = [
        json!(["first-consultation", 1, 0, 1, {}, null]),
        json!(["strategy-consultation", 1, 1, 0, {"EUR": 14_000}, 5.0]),
    ];
    assert_eq!(services, expected);

    let files = fs::read_dir(site.folder().join("outbox")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mails = names.filter(|name| name.ends_with(".eml"));
    let mut kinds: Vec<_> = mails.map(|name| name.split('-').nth(1).unwrap().to_owned()).collect();
    kinds.sort_unstable();
    let expected = [
        "cancelled",
        "confirmed",
        "confirmed",
        "feedback",
        "host",
        "host",
        "host",
        "host",
        "host",
        "receipt",
        "rescheduled",
    ];
    assert_eq!(kinds, expected);
}

#[test]
#[cfg(unix)]
fn the_site_stops_when_it_is_asked_to() {
    let site = Site::start(&[]);
    site.line_with("cancelled: ");
    assert!(site.terminate().success());
}
