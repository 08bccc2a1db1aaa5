//! Deliveries that Cal.com's own code made, read in place where they are at hand.

use cal_core::{Delivery, Parsed, Trigger};

use crate::{recordings::recordings, walk};

fn check(folder: &str, count: usize) {
    let deliveries = recordings(folder);
    assert!(deliveries.is_empty() || deliveries.len() == count, "{} files", deliveries.len());
    for (name, delivery) in deliveries {
        let body = delivery["body"].as_str().unwrap();
        let wire: serde_json::Value = serde_json::from_str(body).unwrap();
        let delivery = Delivery::parse(body.to_owned());
        // A template of one's own may name the trigger, and still has no payload.
        let is_meeting = wire["triggerEvent"].as_str().is_some_and(|it| it.starts_with("MEETING_"));
        let expected = match wire.get("payload") {
            Some(_) => Parsed::Typed,
            None if is_meeting => Parsed::Typed,
            None => Parsed::Opaque,
        };
        assert_eq!(delivery.parsed(), expected, "{name}: {:?}", delivery.event);
        assert_eq!(
            delivery.event.trigger(),
            wire["triggerEvent"].as_str().map(Trigger::from),
            "{name}"
        );
        assert!(delivery.set_aside().is_empty(), "{name}: {:?}", delivery.set_aside());
        assert_eq!(walk::differences(body), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn every_delivery_of_cal_coms_code_is_typed_without_loss() {
    check("webhooks", 41);
}

#[test]
fn every_delivery_of_a_running_server_is_typed_without_loss() {
    check("traffic", 38);
    check("traffic-may", 42);
}
