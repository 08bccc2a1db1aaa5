//! Times, in the spellings that deliveries have.

use cal_core::{Delivery, Event, Parsed};
use chrono::{DateTime, TimeZone, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{cases, samples, vocabulary::booking};

#[test]
fn all_three_formats_of_a_time_are_one_instant() {
    let instant = Utc.with_ymd_and_hms(2026, 6, 9, 7, 30, 0).unwrap();
    for text in [
        "2026-06-09T07:30:00Z",
        "2026-06-09T07:30:00.000Z",
        "2026-06-09T07:30:00+00:00",
        "2026-06-09T09:30:00+02:00",
        "2026-06-09T02:00:00-05:30",
    ] {
        assert_eq!(booking(&json!({"startTime": text})).start, Some(instant), "{text}");
    }
    let body = samples::all().into_iter().find(|sample| sample.name == "ooo_created").unwrap().body;
    let Event::OooCreated(out) = Delivery::parse(body).event else { panic!("no entry") };
    let start = out.entry.start.unwrap();
    assert_eq!(start.to_rfc3339(), "2026-07-06T00:00:00+02:00");
    assert_eq!(start.to_utc().to_rfc3339(), "2026-07-05T22:00:00+00:00");
}

#[test]
fn one_moment_in_many_spellings() {
    let moment = "2027-03-04T09:00:00Z".parse::<DateTime<Utc>>().unwrap();
    for spelling in [
        r#""2027-03-04T09:00:00Z""#,
        r#""2027-03-04T09:00:00.000Z""#,
        r#""2027-03-04T10:00:00+01:00""#,
        r#""2027-03-04T10:00:00+0100""#,
        r#""2027-03-04T10:00:00+01""#,
        r#""2027-03-04T10:00+01:00""#,
        r#""2027-03-04 10:00:00+01:00""#,
        r#""2027-03-04 10:00:00.000 +0100""#,
        r#""2027-03-04 09:00:00Z""#,
        r#""2027-03-04 09:00:00 UTC""#,
        r#"" 2027-03-04t09:00:00z ""#,
        r#""Thu Mar 04 2027 10:00:00 GMT+0100 (Central European Standard Time)""#,
        r#""Thu, 04 Mar 2027 09:00:00 GMT""#,
        "1804150800000",
        "1804150800000.0",
        r#""1804150800000""#,
    ] {
        let time: Value = serde_json::from_str(spelling).unwrap();
        assert_eq!(booking(&json!({"startTime": time})).start, Some(moment), "{spelling}");
    }
}

#[test]
fn what_is_no_moment_is_none() {
    for spelling in [
        r#""""#,
        r#""soon""#,
        // Which zone is meant nobody knows.
        r#""2027-03-04T10:00:00""#,
        r#""2027-03-04""#,
        r#""Invalid Date""#,
        "1804150800",
        "true",
        "{}",
        "9223372036854775807",
        "-1e300",
    ] {
        let body = format!(
            r#"{{"triggerEvent":"BOOKING_CREATED","payload":{{
            "startTime":"2026-06-09T07:30:00Z","endTime":{spelling}}}}}"#
        );
        let delivery = Delivery::parse(body);
        assert_eq!(delivery.parsed(), Parsed::Typed, "{spelling}");
        assert_eq!(delivery.event.booking().unwrap().end, None, "{spelling}");
        assert_eq!(delivery.set_aside()[0].path(), "payload.endTime", "{spelling}");
    }
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn a_time_is_one_instant_in_every_offset(
        seconds in 0..4_000_000_000_i64,
        millis in 0..1000_u32,
        minutes in -840..=840_i32,
    ) {
        let instant = Utc.timestamp_opt(seconds, millis * 1_000_000).unwrap();
        let offset = chrono::FixedOffset::east_opt(minutes * 60).unwrap();
        let text = instant.with_timezone(&offset).to_rfc3339();
        prop_assert_eq!(booking(&json!({"startTime": text})).start, Some(instant));
    }
}
