//! An attendee whose name is an attack.

use chrono::{SubsecRound as _, TimeDelta};
use serde_json::json;

use super::{
    FIRST, letters,
    story::Visit,
    world::{SITE, World, now},
};
use crate::office::unique;

const NAME: &str = "<script>alert(1)</script>\r\nBcc: x@y.z 🎉 مريم";

/// The name on one line.
const LINE: &str = "<script>alert(1)</script> Bcc: x@y.z 🎉 مريم";

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_name_does_no_harm_anywhere() {
    let Some(world) = World::open().await else { return };
    let email = unique("mallory");
    let now = now().trunc_subsecs(0);
    let visit = Visit {
        uid: "mallory-1",
        number: 1,
        service: FIRST,
        host: &world.host,
        email: &email,
        attendee: [NAME, "Asia/Dubai", "en"],
        metadata: json!({"funnel_id": "<script>alert(1)</script>"}),
        end: now - TimeDelta::hours(2),
    };
    let booked_at = now - TimeDelta::days(5);
    let notes = json!({"additionalNotes": NAME});
    world.deliver(&visit.told("BOOKING_CREATED", booked_at, notes));
    let paid = json!({"price": 14_000, "currency": "eur", "paymentId": 1});
    world.deliver(&visit.told("BOOKING_PAID", booked_at + TimeDelta::minutes(1), paid));
    let page = feedback(&world, &email);
    let cancelled_at = now - TimeDelta::days(3) - TimeDelta::hours(1);
    let reason = json!({"status": "CANCELLED", "cancellationReason": NAME,
        "requestReschedule": false});
    world.deliver(&visit.told("BOOKING_CANCELLED", cancelled_at, reason));

    assert!(!page.to_lowercase().contains("<script"), "{page}");
    // It says what the visit was for, and not who came.
    assert!(page.contains("First consultation") && !page.contains("🎉 مريم"), "{page}");
    mails(&world, &email);
    let contacts = world.items("contacts");
    assert_eq!(contacts.len(), 1);
    assert_eq!(contacts[0]["name"], NAME);
    notices(&world);
    let events = world.posthog.seen();
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|seen| !seen.json().to_string().contains("script")));
}

/// Opens the page that the feedback mail leads to.
fn feedback(world: &World, email: &str) -> String {
    let letters = letters(world, email);
    let asking = letters.iter().find(|letter| letter.topic().starts_with("How was it?")).unwrap();
    let (status, page) = world.visit("GET", &asking.link(&format!("{SITE}/feedback/")), "");
    assert_eq!(status, 200);
    page
}

/// [`letters`] looks at the headers: one recipient, and nobody in secret.
fn mails(world: &World, email: &str) {
    let own = letters(world, email);
    let mut topics: Vec<_> = own.iter().map(|letter| letter.topic()).collect();
    topics.sort_unstable();
    let expected = [
        "Cancelled: First consultation",
        "Confirmed: First consultation",
        "How was it? First consultation",
        "Payment received: First consultation",
        "Shall we find a new time? First consultation",
    ];
    assert_eq!(topics, expected);
    for letter in &own {
        assert_eq!(letter.name, LINE);
    }
    let host = letters(world, &world.host);
    assert_eq!(host.len(), 3);
    for letter in host.iter().chain(&own) {
        let html = letter.html.to_lowercase();
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("script") && html.contains("🎉 مريم"), "{html}");
        assert!(letter.text.contains(LINE), "{}", letter.text);
    }
}

fn notices(world: &World) {
    let notices = world.notices();
    assert_eq!(notices.len(), 3);
    for notice in notices {
        let escaped = "&lt;script&gt;alert(1)&lt;/script&gt;";
        assert!(!notice.contains("<script") && notice.contains(escaped), "{notice}");
        assert!(!notice.lines().any(|line| line.starts_with("Bcc:")), "{notice}");
        assert!(notice.contains("🎉 مريم"), "{notice}");
    }
}
