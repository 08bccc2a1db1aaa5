//! The site finds bookings whose webhooks never came.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::{
    process::Site,
    server::{Reply, Server},
};

fn booking(start: &str, updated_at: &str) -> Value {
    json!({
        "id": 7, "uid": "a", "title": "Hour between Ida Berg and Ann", "status": "accepted",
        "start": start, "end": start, "hosts": [{"id": 1, "name": "Ida Berg", "email": "ida@example.org"}],
        "eventType": {"id": 5, "slug": "hour"}, "location": "Main St 1",
        "createdAt": updated_at, "updatedAt": updated_at,
        "attendees": [{"name": "Ann", "email": "ann@example.org", "timeZone": "UTC", "language": "en"}],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn sweeps_follow_each_other_as_often_as_a_test_wants() {
    let bookings = Arc::<Mutex<Vec<Value>>>::default();
    let shown = Arc::clone(&bookings);
    let api = Server::start(move |_| {
        let page = json!({"status": "success", "data": *shown.lock().unwrap()});
        Reply::json(200, &page)
    })
    .await;
    let url = api.url();
    let site = Site::start(&[
        ("ADMIN_TOKEN", "token"),
        ("CAL_WEBHOOK_SECRET", "a secret for tests"),
        ("CAL_API_KEY", "cal_test_key"),
        ("CAL_API_URL", &url),
        ("CALCOM_TEST_SWEEP_SECS", "1"),
        ("RUST_LOG", "info,cal_store=debug"),
    ]);
    // The first sweep takes note of what there is.
    site.line_with("swept");
    *bookings.lock().unwrap() = vec![booking("2099-06-08T09:00:00Z", "2026-06-01T09:00:00Z")];
    site.line_with("webhooks were missed");
    let mut moved = booking("2099-06-08T09:00:00Z", "2026-06-02T09:00:00Z");
    moved["location"] = json!("Side St 2");
    *bookings.lock().unwrap() = vec![moved];
    site.line_with("webhooks were missed");
    site.line_with("swept");
    let (_, page) = site.admin("deliveries", "token");
    let told: Vec<_> = page["items"].as_array().unwrap().iter().collect();
    assert!(told.iter().all(|it| it["source"] == "reconcile" && it["decision"] == "applied"));
    let changes: Vec<_> = told.iter().map(|it| it["transition"].as_str().unwrap()).collect();
    assert_eq!(changes, ["location_changed", "booked"]);
}
