//! The site and everything around it: a mail server, HubSpot, PostHog and Slack.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use calcom::Signer;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{
    account::Account,
    office::{Office, unique},
    process::Site,
    server::{Reply, Server},
};

const SECRET: &str = "a secret for tests";
const ADMIN: &str = "a token for tests";
const HUBSPOT: &str = "a key of the tests";
const POSTHOG: &str = "a project of the tests";

/// Where visitors find the site.
pub(super) const SITE: &str = "https://booking.example.com";

/// How long the hooks may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct World {
    pub(super) site: Site,
    pub(super) office: &'static Office,
    pub(super) account: Arc<Mutex<Account>>,
    pub(super) hubspot: Server,
    pub(super) posthog: Server,
    pub(super) slack: Server,
    /// Where the host gets mail.
    pub(super) host: String,
}

impl World {
    /// Starts everything, where there is a mail server.
    pub(super) async fn open() -> Option<Self> {
        let office = Office::open()?;
        let account = Arc::<Mutex<Account>>::default();
        let shared = Arc::clone(&account);
        let hubspot = Server::start(move |seen| shared.lock().unwrap().answer(seen, HUBSPOT)).await;
        let posthog = Server::saying(Reply::json(200, &json!({ "status": 1 }))).await;
        let slack = Server::saying(Reply::text(200, "ok")).await;
        let site = Site::start(&[
            ("ADMIN_TOKEN", ADMIN),
            ("APP_URL", SITE),
            ("CALCOM_TEST_HUBSPOT_URL", &hubspot.url()),
            ("CALCOM_TEST_POSTHOG_URL", &posthog.url()),
            ("CAL_WEBHOOK_SECRET", SECRET),
            ("CONTACT_EMAIL", "Ida Falk <ida@example.com>"),
            ("HUBSPOT_TOKEN", HUBSPOT),
            ("POSTHOG_KEY", POSTHOG),
            ("SLACK_WEBHOOK_URL", &format!("{}/services/tests", slack.url())),
            ("SMTP_URL", &office.url),
        ]);
        let host = unique("ida");
        Some(Self { site, office, account, hubspot, posthog, slack, host })
    }

    /// Sends a delivery twice, as Cal.com may, and waits until every hook is done with it.
    pub(super) fn deliver(&self, body: &Value) {
        let body = body.to_string();
        let signature = Signer::new(SECRET).unwrap().sign(&body);
        let head = format!(
            "POST /api/webhooks/cal HTTP/1.1\r\ncontent-type: application/json\r\n\
             x-cal-signature-256: {signature}"
        );
        for expected in ["stored", "duplicate"] {
            let (status, answer) = self.site.request(&head, &body);
            let answer: Value = serde_json::from_str(&answer).unwrap();
            assert_eq!((status, answer["status"].as_str()), (200, Some(expected)));
        }
        let deadline = Instant::now() + PATIENCE;
        while self.is_busy() {
            assert!(Instant::now() < deadline, "not done: {:?}", self.items("tasks"));
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether a delivery waits to be planned, or a task that is due to be done.
    fn is_busy(&self) -> bool {
        let is_unplanned = |delivery: &Value| delivery["decision"].is_null();
        let is_open = |task: &Value| match task["state"].as_str().unwrap() {
            "retry" | "running" => true,
            "waiting" => {
                task["due_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap() <= now()
            }
            _ => false,
        };
        self.items("deliveries").iter().any(is_unplanned) || self.items("tasks").iter().any(is_open)
    }

    /// Returns all items of a list of the admin API.
    pub(super) fn items(&self, list: &str) -> Vec<Value> {
        let separator = if list.contains('?') { '&' } else { '?' };
        let (status, page) = self.site.admin(&format!("{list}{separator}limit=500"), ADMIN);
        assert_eq!((status, &page["next"]), (200, &Value::Null));
        page["items"].as_array().unwrap().clone()
    }

    /// Opens or answers a link of a mail.
    pub(super) fn visit(&self, method: &str, link: &str, form: &str) -> (u16, String) {
        let path = link.strip_prefix(SITE).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             accept-language: en"
        );
        self.site.request(&head, form)
    }

    /// Returns the texts of the notices in the order in which they came.
    pub(super) fn notices(&self) -> Vec<String> {
        let seen = self.slack.seen();
        let text = |body: Value| body["text"].as_str().unwrap().to_owned();
        seen.iter().map(|seen| text(seen.json())).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "the site goes by the same clock")]
pub(super) fn now() -> DateTime<Utc> {
    Utc::now()
}
