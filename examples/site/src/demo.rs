//! The site shows itself: a booking that is moved and cancelled, and one from the first visit to the
//! feedback.

mod story;

use std::{env, fs, net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context as _, ensure};
use calcom::{Signer, SqlStore, store::NewEvent, webhook::TaskState};
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};
use uuid::Uuid;

use self::story::Consultation;
use crate::{app::App, hooks::OUTBOX, output::Output, time::now};

/// How long feedback can be given after a meeting; the link in the mail says the same.
const FEEDBACK: TimeDelta = TimeDelta::days(30);

/// Secrets for a site that nobody configured.
pub(crate) struct Demo {
    secret: SecretString,
    admin_token: SecretString,
    database_url: SecretString,
    folder: PathBuf,
}

impl Demo {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let secret = || Uuid::new_v4().simple().to_string().into();
        let folder = env::temp_dir().join(format!("calcom-demo-{}", Uuid::new_v4().simple()));
        fs::create_dir(&folder)?;
        let database_url = format!("sqlite://{}", folder.join("site.db").display()).into();
        Ok(Self { secret: secret(), admin_token: secret(), database_url, folder })
    }

    /// A database that ends with the demo.
    pub(crate) fn database_url(&self) -> &SecretString {
        &self.database_url
    }

    pub(crate) fn secret(&self) -> &SecretString {
        &self.secret
    }

    pub(crate) fn admin_token(&self) -> &SecretString {
        &self.admin_token
    }

    /// Prints what a newcomer can try.
    ///
    /// The token is for the terminal, not for the log.
    pub(crate) fn introduce(&self, address: SocketAddr, output: &Output) {
        let token = self.admin_token.expose_secret();
        output.say(&format!(
            "\nDemo mode: nothing is configured, so the site sends itself what Cal.com would send.\n\
             It listens on http://{address}. What it received, and what it made of that:\n"
        ));
        for list in ["deliveries", "bookings", "contacts", "analytics/funnel", "analytics/services"]
        {
            let url = format!("http://{address}/admin/api/{list}");
            output.say(&format!("  curl -H 'authorization: Bearer {token}' {url}"));
        }
        output.say("");
    }

    /// Sends the deliveries over the network, as Cal.com does, and answers a mail as a guest does.
    pub(crate) async fn play(
        &self,
        address: SocketAddr,
        app: &App,
        output: &Output,
    ) -> anyhow::Result<()> {
        let signer = Signer::new(self.secret.clone())?;
        let story = Consultation::new(now());
        visit(app.store(), &story).await?;
        for body in story::cancelled(now()).into_iter().chain(story.deliveries()) {
            send(address, &signer, &body.to_string()).await?;
            // Of news that come all at once only the last would be told.
            while is_busy(app.store()).await? {
                time::sleep(Duration::from_millis(10)).await;
            }
        }
        answer(address, app, &story).await?;
        report(app.store(), output).await
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // What is left in a temporary folder does no harm.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Whether a delivery waits to be planned, or a task that is due to be done.
async fn is_busy(store: &SqlStore) -> anyhow::Result<bool> {
    // In the order in which a delivery goes: one that is planned between the two questions has
    // tasks by the second.
    if store.counters().await?.unplanned > 0 {
        return Ok(true);
    }
    let open = [TaskState::Retry, TaskState::Running, TaskState::Waiting];
    let tasks = store.tasks(500, None).await?;
    Ok(tasks.iter().any(|task| open.contains(&task.state) && task.due_at <= now()))
}

/// What a visitor did on the booking page before the consultation was booked.
async fn visit(store: &SqlStore, story: &Consultation) -> anyhow::Result<()> {
    let steps = ["page_view", "booker_viewed", "event_type_selected", "slots_viewed"];
    let events = (1..).zip(steps).map(|(minutes, name)| {
        let key = format!("browser/{}/{name}", story.visitor);
        let at = story.booked_at - TimeDelta::minutes(5 - minutes);
        let mut event = NewEvent::new(key, name, at, &story.visitor);
        event.service = Some("strategy-consultation".to_owned());
        event
    });
    store.keep_events(&events.collect::<Vec<_>>()).await?;
    Ok(())
}

/// Answers the feedback mail.
async fn answer(address: SocketAddr, app: &App, story: &Consultation) -> anyhow::Result<()> {
    let uid = story.uid.as_str().into();
    let link = app.links().feedback().await?.link(app.site(), &uid, story.end + FEEDBACK);
    let path = link.strip_prefix(app.site()).context("the link leads elsewhere")?;
    let form = "rating=5&comment=Now+we+know+where+to+start.";
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len(),
    );
    exchange(address, &request).await.context("the feedback was not taken")?;
    tracing::info!("feedback: Strategy consultation was rated with 5 of 5");
    Ok(())
}

/// Prints what has followed.
async fn report(store: &SqlStore, output: &Output) -> anyhow::Result<()> {
    output.say("\nWhat followed:\n");
    let mut mails: Vec<_> = fs::read_dir(OUTBOX)?.flatten().map(|file| file.path()).collect();
    mails.retain(|path| path.extension().is_some_and(|extension| extension == "html"));
    mails.sort();
    for mail in mails {
        output.say(&format!("  mail      {}", mail.display()));
    }
    for contact in store.contacts(10, None).await? {
        let points = contact.points.iter().map(|it| format!("{} {:+}", it.reason, it.points));
        let points = points.collect::<Vec<_>>().join(", ");
        output.say(&format!(
            "  contact   {}: {}, score {} ({points})",
            contact.email, contact.stage, contact.score
        ));
    }
    let (from, to) = (now() - TimeDelta::days(30), now() + TimeDelta::minutes(1));
    let funnel = store.funnel(from, to, Some("strategy-consultation")).await?;
    let steps = funnel.iter().map(|step| format!("{} {}", step.name, step.count));
    output.say(&format!("  funnel    {}", steps.collect::<Vec<_>>().join(" > ")));
    for service in store.services(from, to).await? {
        let name = service.service.as_deref().unwrap_or("without a service");
        let revenue: Vec<_> = service
            .revenue
            .iter()
            .map(|(code, minor)| format!("{code} {minor} minor units"))
            .collect();
        output.say(&format!(
            "  service   {name}: {} booked, {} completed, {} cancelled, revenue {}, rated {}",
            service.bookings,
            service.completed,
            service.cancelled,
            if revenue.is_empty() { "none".to_owned() } else { revenue.join(" and ") },
            service.rating.map_or("never".to_owned(), |rating| format!("{rating:.1} of 5")),
        ));
    }
    output.say("");
    Ok(())
}

/// Posts one signed body.
async fn send(address: SocketAddr, signer: &Signer, body: &str) -> anyhow::Result<()> {
    let request = format!(
        "POST /api/webhooks/cal HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\nx-cal-signature-256: {}\r\n\
         x-cal-webhook-version: 2021-10-20\r\ncontent-length: {}\r\n\r\n{body}",
        signer.sign(body),
        body.len(),
    );
    exchange(address, &request).await.context("a delivery was not stored")
}

/// Sends a request to the site, and expects success.
async fn exchange(address: SocketAddr, request: &str) -> anyhow::Result<()> {
    let mut connection = TcpStream::connect(address).await?;
    connection.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    let status = answer.lines().next().unwrap_or_default();
    ensure!(status.contains(" 200 "), "expected 200, found {status}");
    Ok(())
}
