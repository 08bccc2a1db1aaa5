//! The site with settings of its own.

use std::{
    env, fs,
    process::{self, Command},
    time::{Duration, Instant},
};

use calcom::Signer;
use serde_json::{Value, json};

use crate::process::Site;

const VARIABLES: [(&str, &str); 2] =
    [("CAL_WEBHOOK_SECRET", "a secret for tests"), ("ADMIN_TOKEN", "a token for tests")];

fn post(site: &Site, secret: &str, body: &str) -> (u16, Value) {
    let signature = Signer::new(secret.to_owned()).unwrap().sign(body);
    let head = format!("POST /api/webhooks/cal HTTP/1.1\r\nX-Cal-Signature-256: {signature}");
    let (status, body) = site.request(&head, body);
    (status, serde_json::from_str(&body).unwrap())
}

fn ping(number: usize) -> String {
    json!({"triggerEvent": "BOOKING_CONFIRMED", "payload": {"number": number}}).to_string()
}

#[test]
fn deliveries_come_in_pages_from_the_newest() {
    let site = Site::start(&VARIABLES);
    for number in 0..5 {
        let (status, answer) = post(&site, VARIABLES[0].1, &ping(number));
        assert_eq!((status, &answer["status"]), (200, &json!("stored")));
    }
    site.line_with("unknown trigger BOOKING_CONFIRMED");
    let mut seen = Vec::new();
    let mut path = "deliveries?limit=2".to_owned();
    loop {
        let (status, page) = site.admin(&path, VARIABLES[1].1);
        assert_eq!(status, 200);
        for item in page["items"].as_array().unwrap() {
            assert_eq!(item["trigger"], "BOOKING_CONFIRMED");
            assert_eq!((&item["parsed"], &item["transition"]), (&json!("unknown"), &Value::Null));
            seen.push(item["event"]["payload"]["number"].as_u64().unwrap());
        }
        match page["next"].as_str() {
            Some(next) => path = format!("deliveries?limit=2&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, [4, 3, 2, 1, 0]);
}

#[test]
fn the_admin_api_is_closed_without_its_token() {
    let site = Site::start(&VARIABLES);
    for token in ["", "a token for test", "a token for tests!"] {
        let (status, body) = site.admin("deliveries", token);
        assert_eq!((status, body), (401, json!({"error": "expected the admin token as bearer"})));
    }
    let (status, _) = site.request("GET /admin/api/deliveries HTTP/1.1", "");
    assert_eq!(status, 401);
    let bad_cursor = site.admin("deliveries?after=yesterday", VARIABLES[1].1);
    assert_eq!(bad_cursor.0, 400);
    assert_eq!(site.admin("deliveries?limit=many", VARIABLES[1].1).0, 400);
}

#[test]
fn wrong_tokens_wait_longer_and_longer_and_the_right_one_never_does() {
    let site = Site::start(&VARIABLES);
    let began = Instant::now();
    for _ in 0..5 {
        assert_eq!(site.admin("deliveries", "guessed").0, 401);
    }
    // 100, 200, 400, 800 and 1,600 milliseconds.
    assert!(began.elapsed() >= Duration::from_millis(3100));
    assert_eq!(site.admin("deliveries", VARIABLES[1].1).0, 200);
    let lines: Vec<_> = (0..3).map(|_| site.line_with("a wrong admin token")).collect();
    for (line, times) in lines.iter().zip(["times=1", "times=2", "times=4"]) {
        assert!(line.contains(times) && line.contains("127.0.0.1"), "{line}");
    }
    assert!(!lines.concat().contains("guessed"));
}

#[test]
fn no_answer_of_the_admin_api_is_kept_by_a_cache() {
    let site = Site::start(&VARIABLES);
    for token in [VARIABLES[1].1, "wrong"] {
        for list in ["deliveries", "tasks?limit=many", "contacts.csv", "analytics/funnel"] {
            let head = format!("GET /admin/api/{list} HTTP/1.1\r\nauthorization: Bearer {token}");
            let (_, head, _) = site.exchange(&head, "");
            let headers = head.to_lowercase();
            assert!(headers.contains("cache-control: no-store"), "{list}: {headers}");
            if token == "wrong" {
                break;
            }
        }
    }
}

#[test]
fn no_time_is_too_early_or_too_late() {
    let site = Site::start(&VARIABLES);
    let times = ["-262143-01-01T00:00:00Z", "%2B262142-12-31T23:59:59Z", "2026-05-01T00:00:00Z"];
    for list in ["funnel", "services"] {
        for (from, to) in times.iter().flat_map(|from| times.iter().map(move |to| (from, to))) {
            for query in
                [format!("to={to}"), format!("from={from}"), format!("from={from}&to={to}")]
            {
                let path = format!("analytics/{list}?{query}");
                assert_eq!(site.admin(&path, VARIABLES[1].1).0, 200, "{path}");
            }
        }
    }
}

#[test]
fn what_a_delivery_says_begins_no_line_of_the_log() {
    let site = Site::start(&VARIABLES);
    let forged = "X\r\n1999-01-01T00:00:00Z ERROR the store failed";
    let unknown = json!({"triggerEvent": forged, "payload": {}});
    let booked = json!({"triggerEvent": "BOOKING_CREATED", "createdAt": "2026-05-04T09:30:00.000Z",
        "payload": {"uid": format!("u{forged}"), "title": forged, "eventTitle": forged,
            "startTime": "2026-05-11T08:00:00Z", "endTime": "2026-05-11T09:00:00Z",
            "attendees": [{"email": forged, "name": forged, "timeZone": forged}]}});
    for (body, line) in [(unknown, "unknown trigger X"), (booked, "booked: X")] {
        assert_eq!(post(&site, VARIABLES[0].1, &body.to_string()).0, 200);
        let line = site.line_with(line);
        assert!(line.contains("ERROR the store failed"), "{line}");
    }
}

#[test]
fn both_secrets_hold_while_one_replaces_the_other() {
    let site = Site::start(&[
        ("CAL_WEBHOOK_SECRET", "new"),
        ("CAL_WEBHOOK_SECRET_OLD", "old"),
        ("ADMIN_TOKEN", "token"),
    ]);
    assert_eq!(post(&site, "new", &ping(1)).0, 200);
    assert_eq!(post(&site, "old", &ping(2)).0, 200);
    assert_eq!(post(&site, "older", &ping(3)).0, 401);
    assert_eq!(site.admin("deliveries", "token").1["items"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_not_configured_is_off_and_said_so() {
    let site = Site::start(&[("ADMIN_TOKEN", "token")]);
    let (status, _) = site.request("POST /api/webhooks/cal HTTP/1.1", "{}");
    assert_eq!(status, 404);
    assert_eq!(site.admin("deliveries", "token").0, 200);

    let site = Site::start(&[("CAL_WEBHOOK_SECRET", "secret")]);
    assert_eq!(post(&site, "secret", &ping(1)).0, 200);
    assert_eq!(site.request("GET /admin/api/deliveries HTTP/1.1", "").0, 404);
}

#[test]
fn a_secret_that_is_empty_or_padded_stops_the_site_at_its_start() {
    let folder = env::temp_dir().join(format!("calcom-secrets-{}", process::id()));
    fs::create_dir(&folder).unwrap();
    for (name, secret, why) in [
        ("CAL_WEBHOOK_SECRET", " ", "got none"),
        ("CAL_WEBHOOK_SECRET", "hidden\n", "white space"),
        ("CAL_WEBHOOK_SECRET_OLD", " hidden", "white space"),
        ("ADMIN_TOKEN", "hidden\r\n", "white space"),
        ("CAL_API_KEY", "hidden\n", "white space"),
        ("HUBSPOT_TOKEN", "hidden ", "white space"),
        ("POSTHOG_KEY", "hidden\n", "white space"),
        ("RESEND_API_KEY", "hidden\n", "white space"),
        ("SLACK_WEBHOOK_URL", "https://hidden.example\n", "white space"),
        ("SMTP_URL", "smtps://hidden.example\n", "white space"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_site"))
            .env_clear()
            .env("BIND_ADDR", "127.0.0.1:0")
            .env("CAL_WEBHOOK_SECRET", "secret")
            .env("CONTACT_EMAIL", "Nora <nora@example.com>")
            .current_dir(&folder)
            .env(name, secret)
            .output()
            .unwrap();
        assert!(!output.status.success(), "{name}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(name) && error.contains(why), "{name}: {error}");
        assert!(!error.contains("hidden"), "{name}: {error}");
    }
    fs::remove_dir_all(folder).unwrap();
}
