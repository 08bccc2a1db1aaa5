//! What a newcomer sees.

use serde_json::Value;

use crate::process::Site;

#[test]
fn the_demo_shows_a_booking_a_reschedule_and_a_cancellation() {
    let site = Site::start(&[]);
    let command = site.line_with("authorization: Bearer ");
    let token = command.split("Bearer ").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    let lines = ["booked: ", "rescheduled: ", "cancelled: "].map(|change| site.line_with(change));
    for line in &lines {
        assert!(line.contains("First consultation on "), "{line}");
        assert!(!line.contains("jonas") && !line.contains("Jonas"), "a person's data in {line}");
    }

    let (status, page) = site.admin("deliveries", &token);
    assert_eq!(status, 200);
    let items = page["items"].as_array().unwrap();
    let transitions: Vec<_> = items.iter().map(|item| &item["transition"]).collect();
    assert_eq!(transitions, ["cancelled", "rescheduled", "booked"]);
    assert!(items.iter().all(|item| item["decision"] == "applied" && item["parsed"] == "typed"));
    assert_eq!(items[1]["event"]["payload"]["rescheduleUid"], items[2]["booking_uid"]);
    assert_eq!(page["next"], Value::Null);
}

#[test]
#[cfg(unix)]
fn the_site_stops_when_it_is_asked_to() {
    let site = Site::start(&[]);
    site.line_with("cancelled: ");
    assert!(site.terminate().success());
}
