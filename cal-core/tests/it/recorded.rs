//! Deliveries that Cal.com's own code made, read in place where they are at hand.

use std::{env, fs, path::PathBuf};

use cal_core::{Delivery, Parsed, Trigger};

use crate::walk;

/// The deliveries of a folder of recordings, or `None` with a line that says so.
fn recorded(folder: &str) -> Option<Vec<(String, serde_json::Value)>> {
    let shared = env::var_os("CALCOM_TEST_SHARED").unwrap_or_else(|| "../../shared".into());
    let folder = PathBuf::from(shared).join("fixtures").join(folder);
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("skipped: no recorded deliveries in {}", folder.display());
        return None;
    };
    let mut deliveries: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_str(&text).unwrap())
        })
        .collect();
    deliveries.sort_by(|a, b| a.0.cmp(&b.0));
    Some(deliveries)
}

fn check(folder: &str, count: usize) {
    let Some(deliveries) = recorded(folder) else { return };
    assert_eq!(deliveries.len(), count);
    for (name, delivery) in deliveries {
        let body = delivery["body"].as_str().unwrap();
        let wire: serde_json::Value = serde_json::from_str(body).unwrap();
        let delivery = Delivery::parse(body.to_owned());
        let expected = match wire.get("triggerEvent") {
            Some(_) => Parsed::Typed,
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
}
