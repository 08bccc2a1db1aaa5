//! An outline never panics, and agrees with the typed payload wherever there are both.

#![no_main]

use cal_core::{Delivery, Outline, Parsed, Trigger};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let Ok(outline) = Outline::of(body) else { return };
    let delivery = Delivery::parse(body.to_vec());
    if delivery.parsed() != Parsed::Typed {
        return;
    }
    let trigger = delivery.event.trigger();
    assert_eq!(outline.trigger.as_deref(), trigger.as_ref().map(Trigger::as_str));
    if let Some(booking) = delivery.event.booking() {
        assert_eq!((outline.start, outline.end), (booking.start, booking.end));
    }
    if let Some(uid) = delivery.event.booking_uid()
        && is_named_once(body)
    {
        assert_eq!(outline.uid.as_deref(), Some(uid.as_str()));
    }
});

/// Whether the body names its booking in one place only; Cal.com never uses two.
fn is_named_once(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let payload = body.get("payload").filter(|payload| !payload.is_null()).unwrap_or(&body);
    let places = ["/uid", "/bookingUid", "/booking/uid"];
    let is_named = |place: &&str| payload.pointer(place).is_some_and(|uid| !uid.is_null());
    places.iter().filter(|place| is_named(place)).count() == 1
}
