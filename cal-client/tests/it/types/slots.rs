//! Slots.

use std::collections::BTreeMap;

use cal_client::slots::Slot;
use chrono::{NaiveDate, TimeDelta};

#[test]
fn slots_keep_their_offset_in_both_formats() {
    let json = r#"{
        "2050-09-06": [{"start": "2050-09-06T09:00:00.000Z", "end": null}],
        "2050-09-05": [
            {"start": "2050-09-05T09:00:00.000+02:00", "end": "2050-09-05T10:00:00.000+02:00",
             "seatsTotal": 5, "new": 1}
        ]
    }"#;
    let days: BTreeMap<NaiveDate, Vec<Slot>> = serde_json::from_str(json).unwrap();
    let slots: Vec<_> = days.values().flatten().collect();
    let [first, second] = slots[..] else { panic!("{days:?}") };
    assert_eq!(first.start.to_string(), "2050-09-05 09:00:00 +02:00");
    assert_eq!(first.end.unwrap() - first.start, TimeDelta::hours(1));
    assert_eq!((first.seats_total, second.end), (Some(5), None));
}
