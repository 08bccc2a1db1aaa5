//! Calendar files: what stands in them, and what two independent parsers read.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use cal_hooks::email::{CalendarFile, Invitation, Mailbox, Method};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

/// The names of an event's properties with a place that is no link, as parsers sort them.
const EVENT: [&str; 12] = [
    "ATTENDEE",
    "DESCRIPTION",
    "DTEND",
    "DTSTAMP",
    "DTSTART",
    "LOCATION",
    "ORGANIZER",
    "SEQUENCE",
    "STATUS",
    "SUMMARY",
    "UID",
    "URL",
];

fn mailbox(name: &str, email: &str) -> Mailbox {
    Mailbox::new(name, email).unwrap()
}

fn invitation(sequence: u32, day: &str) -> Invitation {
    let at = |hour: &str| format!("{day}T{hour}:00:00Z").parse().unwrap();
    let host = mailbox("Ida Falk", "ida@example.com");
    let mut it = Invitation::new("first@Cal.com", sequence, (at("08"), at("09")), host);
    it.stamp = "2026-05-04T09:30:00.123Z".parse().unwrap();
    it.summary = "Strategy hour".to_owned();
    it.description = "Bring last year's numbers, please.\nWe begin on time; ask before.".to_owned();
    it.location = Some("https://example.com/meet/abc".to_owned());
    it.attendees =
        vec![mailbox("Jonas Weber", "jonas@example.org"), mailbox("", "guest@example.org")];
    it
}

#[test]
fn a_request_is_written_like_this() {
    let expected = "BEGIN:VCALENDAR\r\n\
        VERSION:2.0\r\n\
        PRODID:-//calcom//cal-hooks//EN\r\n\
        CALSCALE:GREGORIAN\r\n\
        METHOD:REQUEST\r\n\
        BEGIN:VEVENT\r\n\
        UID:first@Cal.com\r\n\
        SEQUENCE:1\r\n\
        DTSTAMP:20260504T093000Z\r\n\
        DTSTART:20260511T080000Z\r\n\
        DTEND:20260511T090000Z\r\n\
        STATUS:CONFIRMED\r\n\
        SUMMARY:Strategy hour\r\n\
        DESCRIPTION:Bring last year's numbers\\, please.\\nWe begin on time\\; ask bef\r\n \
        ore.\r\n\
        LOCATION:https://example.com/meet/abc\r\n\
        URL:https://example.com/meet/abc\r\n\
        ORGANIZER;CN=\"Ida Falk\":mailto:ida@example.com\r\n\
        ATTENDEE;CN=\"Jonas Weber\";ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE\r\n \
        :mailto:jonas@example.org\r\n\
        ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:guest@\r\n \
        example.org\r\n\
        END:VEVENT\r\n\
        END:VCALENDAR\r\n";
    let file = invitation(1, "2026-05-11").request();
    assert_eq!(file.method, Method::Request);
    assert_eq!(file.text, expected);
}

#[test]
fn a_cancellation_says_so_and_asks_nobody() {
    let (request, cancel) =
        (invitation(2, "2026-05-11").request(), invitation(2, "2026-05-11").cancel());
    assert_eq!(cancel.method, Method::Cancel);
    let expected = request
        .text
        .replace("METHOD:REQUEST", "METHOD:CANCEL")
        .replace("STATUS:CONFIRMED", "STATUS:CANCELLED")
        .replace("RSVP=TRUE:mailto:guest@\r\n example", "RSVP=FALSE:mailto:guest\r\n @example");
    assert_eq!(cancel.text, expected);
}

#[test]
fn addresses_are_links_and_numbers_stay_in_range() {
    let mut it = invitation(u32::MAX, "2026-05-11");
    it.attendees = vec![mailbox("", "jonas+a&b?c=%@example.org")];
    it.stamp = chrono::DateTime::<chrono::Utc>::MAX_UTC;
    it.start = chrono::DateTime::<chrono::Utc>::MIN_UTC;
    let lines = unfolded(&it.request());
    for line in [
        "SEQUENCE:2147483647",
        "DTSTAMP:99991231T235959Z",
        "DTSTART:00000101T000000Z",
        "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE:mailto:jonas+a%26b%3Fc=%25@example.org",
    ] {
        assert!(lines.iter().any(|it| it == line), "{line} in {lines:#?}");
    }
}

#[test]
fn one_event_is_booked_moved_twice_and_cancelled() {
    let files = [
        ("1-book.ics", invitation(0, "2026-05-11").request()),
        ("2-move.ics", invitation(1, "2026-05-12").request()),
        ("3-move.ics", invitation(2, "2026-06-20").request()),
        ("4-cancel.ics", invitation(3, "2026-06-20").cancel()),
    ];
    let Some(read) = parse(&files) else { return };
    for (name, method, status, sequence, day) in [
        ("1-book.ics", "REQUEST", "CONFIRMED", "0", "2026-05-11"),
        ("2-move.ics", "REQUEST", "CONFIRMED", "1", "2026-05-12"),
        ("3-move.ics", "REQUEST", "CONFIRMED", "2", "2026-06-20"),
        ("4-cancel.ics", "CANCEL", "CANCELLED", "3", "2026-06-20"),
    ] {
        let rsvp = if method == "CANCEL" { "FALSE" } else { "TRUE" };
        let plain = |value: &str| json!([{"value": value, "params": {}}]);
        let expected = json!({
            "name": "VCALENDAR",
            "properties": {
                "VERSION": plain("2.0"),
                "PRODID": plain("-//calcom//cal-hooks//EN"),
                "CALSCALE": plain("GREGORIAN"),
                "METHOD": plain(method),
            },
            "components": [{
                "name": "VEVENT",
                "properties": {
                    "UID": plain("first@Cal.com"),
                    "SEQUENCE": plain(sequence),
                    "DTSTAMP": plain("2026-05-04T09:30:00Z"),
                    "DTSTART": plain(&format!("{day}T08:00:00Z")),
                    "DTEND": plain(&format!("{day}T09:00:00Z")),
                    "STATUS": plain(status),
                    "SUMMARY": plain("Strategy hour"),
                    "DESCRIPTION": plain("Bring last year's numbers, please.\nWe begin on time; ask before."),
                    "LOCATION": plain("https://example.com/meet/abc"),
                    "URL": plain("https://example.com/meet/abc"),
                    "ORGANIZER": [{"value": "mailto:ida@example.com", "params": {"CN": "Ida Falk"}}],
                    "ATTENDEE": [
                        {"value": "mailto:jonas@example.org", "params": {
                            "CN": "Jonas Weber", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE",
                        }},
                        {"value": "mailto:guest@example.org", "params": {
                            "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": rsvp,
                        }},
                    ],
                },
                "components": [],
            }],
        });
        for parser in ["icalendar", "ical.js"] {
            assert_eq!(read[parser][name], expected, "{name} by {parser}");
        }
    }
}

/// What somebody may type: as typed, as one line, as text.
fn hostile() -> Vec<(String, String, String)> {
    let long = "ä".repeat(500);
    let wide = format!("{}{}x", "😀".repeat(35), " ".repeat(300));
    let texts = [
        (
            "<script>alert(1)</script>\r\nBcc: x@y.z",
            "<script>alert(1)</script> Bcc: x@y.z",
            "<script>alert(1)</script>\nBcc: x@y.z",
        ),
        ("😀 مرحبا 老虎 \u{202e}abc", "😀 مرحبا 老虎 \u{202e}abc", "😀 مرحبا 老虎 \u{202e}abc"),
        (r#",;:"\^n^^%2C\n\\,"#, r#",;:"\^n^^%2C\n\\,"#, r#",;:"\^n^^%2C\n\\,"#),
        (&long, &long, &long),
        (&wide, &wide, &wide),
        ("nul\0here\u{7f}\u{1b}[1m", "nulhere[1m", "nulhere[1m"),
        ("a\u{2028}b\u{85}c\u{b}d\re", "a b cd e", "a\nb\ncd\ne"),
        (
            "x\nEND:VEVENT\nATTENDEE:mailto:x@y.z",
            "x END:VEVENT ATTENDEE:mailto:x@y.z",
            "x\nEND:VEVENT\nATTENDEE:mailto:x@y.z",
        ),
        ("\";ROLE=CHAIR:mailto:x@y.z", "\";ROLE=CHAIR:mailto:x@y.z", "\";ROLE=CHAIR:mailto:x@y.z"),
    ];
    texts.into_iter().map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())).collect()
}

#[test]
fn hostile_texts_stay_texts() {
    let texts = hostile();
    let mut names = Vec::new();
    let files: Vec<(String, CalendarFile)> = texts
        .iter()
        .enumerate()
        .map(|(number, (typed, ..))| {
            let mut it = invitation(1, "2026-05-11");
            it.uid.clone_from(typed);
            it.summary.clone_from(typed);
            it.description.clone_from(typed);
            it.location = Some(format!("Room {typed}"));
            it.organizer = mailbox(typed, "ida@example.com");
            it.attendees[0] = mailbox(typed, "jonas@example.org");
            names.push(as_parameter(it.attendees[0].name()));
            (format!("{number}.ics"), it.request())
        })
        .collect();
    let files: Vec<_> = files.iter().map(|(name, file)| (name.as_str(), file.clone())).collect();
    let Some(read) = parse(&files) else { return };
    for (number, (_, line, text)) in texts.iter().enumerate() {
        for parser in ["icalendar", "ical.js"] {
            let calendar = &read[parser][format!("{number}.ics")];
            assert_eq!(keys(&calendar["properties"]), ["CALSCALE", "METHOD", "PRODID", "VERSION"]);
            assert_eq!(calendar["components"].as_array().unwrap().len(), 1, "{parser}: {line}");
            assert_eq!(calendar["components"][0]["components"], json!([]), "{parser}: {line}");
            let event = &calendar["components"][0]["properties"];
            assert_eq!(keys(event), EVENT[..11], "{parser}: {line}");
            let value = |name: &str| event[name][0]["value"].as_str().unwrap();
            assert_eq!(value("UID"), line, "{parser}");
            assert_eq!(value("SUMMARY"), line, "{parser}");
            assert_eq!(value("DESCRIPTION"), text, "{parser}");
            assert_eq!(value("LOCATION"), format!("Room {line}"), "{parser}");
            assert_eq!(value("ORGANIZER"), "mailto:ida@example.com", "{parser}: {line}");
            assert_eq!(event["ORGANIZER"][0]["params"], json!({"CN": names[number]}), "{parser}");
            let attendees = event["ATTENDEE"].as_array().unwrap();
            assert_eq!(attendees.len(), 2, "{parser}: {line}");
            assert_eq!(value("ATTENDEE"), "mailto:jonas@example.org", "{parser}: {line}");
            let params = json!({
                "CN": names[number],
                "ROLE": "REQ-PARTICIPANT",
                "PARTSTAT": "ACCEPTED",
                "RSVP": "FALSE",
            });
            assert_eq!(attendees[0]["params"], params, "{parser}");
        }
    }
}

/// What a parameter makes of a name, which has lost its control characters before.
fn as_parameter(name: &str) -> String {
    name.replace('"', "'").replace('\\', "/").replace('\u{2028}', " ")
}

/// Texts of what breaks files, and of anything else.
fn any_text() -> impl Strategy<Value = String> {
    let pieces = [
        "\r",
        "\n",
        "\r\n",
        "\r\n ",
        "\n\t",
        "\0",
        "\u{b}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\"",
        "\\",
        "\\n",
        ",",
        ";",
        ":",
        "=",
        "^",
        "^n",
        "%0D%0A",
        " ",
        "\t",
        "😀",
        "老",
        "ä",
        "م",
        "a",
        "BEGIN:VEVENT",
        "END:VCALENDAR",
        "ATTENDEE:mailto:x@y.z",
        "https://example.com/",
    ];
    let piece = prop_oneof![
        select(pieces.to_vec()).prop_map(str::to_owned),
        (select(vec![" ", "😀", "老", "ä", "a", "\\", ","]), 1..200_usize)
            .prop_map(|(piece, times)| piece.repeat(times)),
        any::<String>(),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cal_testing::times(25)))]

    #[test]
    fn no_text_makes_long_lines_or_more_properties(
        texts in [any_text(), any_text(), any_text(), any_text(), any_text(), any_text()],
    ) {
        let [uid, summary, description, location, host, attendee] = texts;
        let mut it = invitation(1, "2026-05-11");
        (it.uid, it.summary, it.description) = (uid, summary, description);
        it.location = Some(format!("Room {location}"));
        it.organizer = mailbox(&host, "ida@example.com");
        it.attendees[0] = mailbox(&attendee, "jonas@example.org");
        for file in [it.request(), it.cancel()] {
            prop_assert!(file.text.ends_with("\r\n"));
            for line in file.text.trim_end_matches("\r\n").split("\r\n") {
                prop_assert!(line.len() <= 75, "{} octets: {line:?}", line.len());
                let breaks = |it: char| it.is_control() && it != '\t';
                prop_assert!(!line.contains(breaks), "{line:?}");
            }
            let lines = unfolded(&file);
            let names: Vec<_> = lines.iter().map(|line| line.split([':', ';']).next().unwrap()).collect();
            let expected = [
                "BEGIN", "VERSION", "PRODID", "CALSCALE", "METHOD", "BEGIN", "UID", "SEQUENCE", "DTSTAMP",
                "DTSTART", "DTEND", "STATUS", "SUMMARY", "DESCRIPTION", "LOCATION", "ORGANIZER", "ATTENDEE",
                "ATTENDEE", "END", "END",
            ];
            prop_assert_eq!(names, expected);
        }
    }
}

fn unfolded(file: &CalendarFile) -> Vec<String> {
    let text = file.text.replace("\r\n ", "");
    text.trim_end_matches("\r\n").split("\r\n").map(str::to_owned).collect()
}

fn keys(map: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = map.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// What both parsers read in these files, by parser and file; nothing where one is missing.
fn parse(files: &[(&str, CalendarFile)]) -> Option<Value> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let folder = format!("calendars-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for (name, file) in files {
        fs::write(folder.join(name), &file.text).unwrap();
    }
    // The first one installs the parsers.
    let guard = ONE_AT_A_TIME.lock();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/calendars");
    let output = match Command::new(script).arg("check").arg(&folder).output() {
        Ok(output) => output,
        Err(error) => {
            cal_testing::skip(format_args!("scripts/calendars could not be started: {error}"));
            return None;
        }
    };
    drop(guard);
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(69) {
        cal_testing::skip(said.lines().last().unwrap_or_default());
        return None;
    }
    assert!(output.status.success(), "{said}");
    fs::remove_dir_all(&folder).unwrap();
    Some(serde_json::from_slice(&output.stdout).unwrap())
}
