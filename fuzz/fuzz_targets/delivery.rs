//! Any bytes can be read, explained and written; they stay as they came.

#![no_main]

use cal_core::{Delivery, Parsed};
use cal_webhook::{Chains, Decision, Reading, Turn};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

fuzz_target!(|body: &[u8]| {
    let delivery = Delivery::parse(body.to_vec());
    assert_eq!(delivery.body(), body);
    let is_typed = delivery.parsed() == Parsed::Typed;
    assert!(delivery.parsed() != Parsed::Opaque || delivery.set_aside().is_empty());

    let reading = Reading::of(&delivery, Default::default());
    assert_eq!(reading.is_some(), is_typed);
    if let Some(reading) = reading {
        let mut chains = Chains::default();
        chains.decide(&reading, Turn::First, Default::default());
        let again = chains.decide(&reading, Turn::First, Default::default());
        assert!(reading.identity().is_none() || again.decision == Decision::Revision);
    }

    serde_json::to_value(&delivery).expect("a delivery is a JSON value");
    let written = serde_json::to_string(&delivery).expect("a delivery can be written");
    serde_json::from_str::<&RawValue>(&written).expect("what was written is JSON");
    if delivery.parsed() != Parsed::Opaque {
        let again = Delivery::parse(written);
        assert_eq!(again.event.trigger(), delivery.event.trigger());
    }
});
