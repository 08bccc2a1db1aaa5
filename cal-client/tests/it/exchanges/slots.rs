use cal_client::{Method, slot_reservations::ReserveSlot, slots::SlotQuery};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use super::Calls;

pub(super) fn calls(calls: &mut Calls) {
    calls.same("053", |client| async move {
        let query = SlotQuery::new(1, day(23), day(24)).time_zone("Europe/Oslo");
        client.slots().find(&query).await
    });
    calls.same("055", |client| async move {
        let (start, end) = (time("2026-11-23T08:00:00Z"), time("2026-11-23T10:00:00Z"));
        client.slots().find(&SlotQuery::new(1, start, end).with_ends()).await
    });
    // It must begin and end.
    calls.same("056", |client| async move {
        let request = client.raw(Method::GET, "/v2/slots").version("2024-09-04");
        request.query("eventTypeId", 1).send::<Value>().await
    });
    calls.same("057", |client| async move {
        client.slots().find(&SlotQuery::new(99_999, day(23), day(24))).await
    });
    // This is how slots were asked for before.
    calls.same("058", |client| async move {
        let request = client.raw(Method::GET, "/v2/slots/available").query("eventTypeId", 1);
        let request = request.query("startTime", "2026-11-23T00:00:00Z");
        request.query("endTime", "2026-11-24T00:00:00Z").send::<Value>().await
    });
    for number in ["059", "060"] {
        calls.same(number, |client| async move {
            let slot = ReserveSlot::new(1, time("2026-11-27T09:00:00Z"));
            client.slot_reservations().create(&slot).await
        });
    }
    calls.same("061", |client| async move { client.slot_reservations().get(RESERVATION).await });
    calls.same("062", |client| async move {
        let slot = ReserveSlot::new(1, time("2026-11-27T10:00:00Z")).reservation_duration(10_u32);
        client.slot_reservations().update(RESERVATION, &slot).await
    });
    calls.same("063", |client| async move {
        let slot = ReserveSlot::new(1, time("2026-11-27T10:00:00Z"));
        client.slot_reservations().update(RESERVATION, &slot).await
    });
    calls.same("064", |client| async move { client.slot_reservations().delete(RESERVATION).await });
    calls.same("229", |client| async move {
        client.slots().find(&SlotQuery::new(1, day(28), day(29))).await
    });
}

const RESERVATION: &str = "9a1de232-6e13-417b-aef4-75e7dc4ade4f";

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
