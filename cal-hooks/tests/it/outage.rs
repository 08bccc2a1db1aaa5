//! A day on which no mail goes out and the CRM turns everybody away.

mod day;
mod gate;
mod guest;
mod hub;

use std::collections::BTreeMap;

use cal_hooks::{
    analytics::{AnalyticsHook, LocalAnalytics},
    crm::{CrmHook, HubSpot, LocalCrm},
    email::{Mailer, Smtp, plan},
    payments::Payments,
};
use cal_store::{PaymentState, SqlStore};
use cal_webhook::{Receiver, TaskRecord, TaskState, Verifier};
use chrono::TimeDelta;
use mail_parser::MessageParser;

use self::{
    day::{Day, Time, is_open},
    gate::Gate,
    guest::Guest,
    hub::{Hub, RETRY_AFTER},
};
use crate::{
    bodies,
    failures::SECRET,
    place::Place,
    post::office::{Office, unique},
};

/// How long the outage lasts, in hours.
const OUTAGE: i64 = 24;

/// Starts a day and a bit ahead: the reminder of the day before falls into the outage.
const FAR: i64 = 30;

/// Starts within the outage, with the reminder of the hour before.
const NEAR: i64 = 20;

/// What only needs the database.
const LOCAL: [&str; 3] = ["analytics", "crm", "payments"];

fn receiver(store: &SqlStore, gate: &Gate, hub: &Hub) -> Receiver {
    let mailer = mailer(store, &format!("smtp://{}", gate.address()));
    let hubspot = HubSpot::new(SECRET).unwrap().base_url(hub.server.url());
    Receiver::builder(Verifier::new(bodies::SECRET).unwrap())
        .store(store.clone())
        .hook(mailer.attendees())
        .hook(mailer.sequence("reminders", plan::reminders()))
        .hook(CrmHook::new(hubspot).named("hubspot"))
        .hook(CrmHook::new(LocalCrm::new(store.clone())))
        .hook(AnalyticsHook::new(LocalAnalytics::new(store.clone())))
        .hook(Payments::new(store.clone()))
        .build()
        .unwrap()
}

fn mailer(store: &SqlStore, url: &str) -> Mailer {
    let smtp = Smtp::new(url).unwrap();
    Mailer::new(smtp, "Ida Falk <ida@example.com>".parse().unwrap()).store(store.clone())
}

/// How many tasks of these hooks there are in each state; reminders apart.
fn states(tasks: &[TaskRecord], hooks: &[&str]) -> BTreeMap<&'static str, usize> {
    let mut states = BTreeMap::new();
    let tasks = tasks.iter().filter(|task| task.reminder.is_none());
    for task in tasks.filter(|task| hooks.contains(&&*task.hook)) {
        *states.entry(task.state.as_str()).or_default() += 1;
    }
    states
}

/// The ids of the mails that somebody got, as keys of tasks.
fn mails(office: &Office, email: &str) -> Vec<String> {
    let key = |raw: Vec<u8>| {
        let mail = MessageParser::default().parse(&raw).unwrap();
        let id = mail.message_id().unwrap().strip_suffix("@example.com").unwrap();
        id.replace("=2F", "/").replace("=20", " ")
    };
    let mut keys: Vec<_> = office.mails(email).into_iter().map(key).collect();
    keys.sort();
    keys
}

/// What the mails of these keys are: the hook, and the reminder if it is one.
fn kinds(keys: &[String]) -> Vec<&str> {
    let mut kinds: Vec<_> = keys.iter().map(|key| key.split_once('/').unwrap().1).collect();
    kinds.sort_unstable();
    kinds
}

#[tokio::test]
async fn a_day_without_mail_and_crm_loses_nothing_and_doubles_nothing() {
    let Some(office) = Office::open() else { return };
    for place in Place::each().await {
        through_the_day(office, &place).await;
        place.clear().await;
    }
}

#[tokio::test]
async fn a_greylisted_reminder_is_sent_once() {
    let Some(office) = Office::open() else { return };
    for place in Place::each().await {
        let time = Time::new();
        let store = SqlStore::open_with_clock(&place.url, &time.clock).await.unwrap();
        let receiver = Receiver::builder(Verifier::new(bodies::SECRET).unwrap())
            .store(store.clone())
            .hook(mailer(&store, &office.url).sequence("reminders", plan::reminders()));
        let day = Day::new(time.clone(), store, receiver.build().unwrap());
        let mut guest = Guest::new("greylisted", time.start + TimeDelta::hours(FAR));
        guest.email = unique("greylisted-reminder");
        guest.books(&day).await;
        day.pass_until(FAR).await;
        let tasks = day.tasks().await;
        let reminders = tasks.iter().filter(|task| task.reminder.is_some());
        let mut attempts: Vec<_> = reminders.map(|task| (task.state, task.attempts)).collect();
        attempts.sort_by_key(|(_, attempts)| *attempts);
        // The server asks only the first mail to come again.
        assert_eq!(attempts, [(TaskState::Done, 1), (TaskState::Done, 2)]);
        let mut keys: Vec<_> = tasks.iter().filter_map(mail_of).collect();
        keys.sort();
        assert_eq!(mails(office, &guest.email), keys);
        day.end().await;
        place.clear().await;
    }
}

async fn through_the_day(office: &Office, place: &Place) {
    let time = Time::new();
    let gate = Gate::to(office.url.strip_prefix("smtp://").unwrap()).await;
    let hub = Hub::open(time.clone()).await;
    let store = SqlStore::open_with_clock(&place.url, &time.clock).await.unwrap();
    let day = Day::new(time.clone(), store.clone(), receiver(&store, &gate, &hub));
    let hours = |hours| time.start + TimeDelta::hours(hours);

    // While all is well, one books.
    let first = Guest::new("first", hours(FAR));
    first.books(&day).await;
    day.quiet().await;
    assert_eq!(mails(office, &first.email).len(), 1);
    assert_eq!(hub.outcomes(), [("first".to_owned(), "SCHEDULED".to_owned())]);

    // Then nobody is there any more, and eleven book.
    gate.set_open(false);
    hub.set_busy(true);
    let mut far = ["far1", "far2", "far3", "far4", "far5"].map(|uid| Guest::new(uid, hours(FAR)));
    let near = ["near1", "near2", "near3"].map(|uid| Guest::new(uid, hours(NEAR)));
    let [mut moves, cancels, pays] =
        ["moves", "cancels", "pays"].map(|uid| Guest::new(uid, hours(FAR)));
    let friend = unique("outage-friend");
    far[0].friend = Some(friend.clone());
    for one in far.iter().chain(&near).chain([&moves, &cancels, &pays]) {
        one.books(&day).await;
    }
    day.quiet().await;
    let tasks = day.tasks().await;
    assert_eq!(states(&tasks, &LOCAL), BTreeMap::from([("done", 12 * 3)]), "nobody else waits");
    assert_eq!(states(&tasks, &["email"]), BTreeMap::from([("done", 1), ("retry", 11)]));
    // Tasks that have not been turned away wait with the others.
    let hubspot = states(&tasks, &["hubspot"]);
    let open: usize = ["retry", "waiting"].iter().filter_map(|state| hubspot.get(state)).sum();
    assert_eq!((hubspot["done"], open), (1, 11));
    assert_eq!(store.contacts(99, None).await.unwrap().len(), 13);
    assert_eq!(store.events(99, None).await.unwrap().len(), 12);

    // In the third hour one pays, in the tenth one moves, in the twelfth one cancels.
    day.pass_until(3).await;
    pays.pays(&day).await;
    day.quiet().await;
    let payments = store.payments_of(&"pays".into()).await.unwrap();
    assert_eq!(payments.iter().map(|it| it.state).collect::<Vec<_>>(), [PaymentState::Paid]);
    day.pass_until(10).await;
    moves.moves(&day, "moved", hours(50)).await;
    day.pass_until(12).await;
    cancels.cancels(&day).await;
    day.quiet().await;
    assert_eq!(states(&day.tasks().await, &LOCAL), BTreeMap::from([("done", 15 * 3)]));

    // At the end of the day nobody was told anything.
    day.pass_until(OUTAGE).await;
    assert!(gate.refused() > 0);
    let everybody = far.iter().chain(&near).chain([&first, &moves, &cancels, &pays]);
    let everybody: Vec<_> = everybody.map(|guest| &guest.email).chain([&friend]).collect();
    let told = || everybody.iter().flat_map(|email| mails(office, email)).collect::<Vec<_>>();
    assert_eq!(told().len(), 1, "the mail from before");
    let tasks = day.tasks().await;
    has_waited(&day, &hub, &tasks).await;
    for task in tasks.iter().filter(|task| task.state == TaskState::Skipped) {
        assert_eq!(task.last_error.as_deref(), Some("it had expired when it was due"));
    }
    let skipped = |task: &&TaskRecord| task.state == TaskState::Skipped;
    assert_eq!(tasks.iter().filter(skipped).count(), 2 * near.len(), "confirmations and reminders");

    // The next day everything that still matters is done, within the schedule of four days.
    gate.set_open(true);
    hub.set_busy(false);
    day.pass_until(4 * OUTAGE).await;
    let tasks = day.tasks().await;
    assert_eq!(tasks.iter().filter(|task| is_open(task)).count(), 0, "{tasks:#?}");

    // One mail for each task that was done, and none for the others.
    let mut keys: Vec<_> = tasks.iter().filter_map(mail_of).collect();
    keys.sort();
    let mut got = told();
    got.sort();
    assert_eq!(got, keys);
    let reminders = ["reminders/reminder/1h before start", "reminders/reminder/24h before start"];
    let all = [&["email"], &reminders[..]].concat();
    for one in far.iter().chain([&first, &moves]) {
        assert_eq!(kinds(&mails(office, &one.email)), all, "{}", one.uid);
    }
    let friends = all.iter().map(|kind| match *kind {
        "email" => "email/guest/2".to_owned(),
        reminder => format!("{reminder}/guest/2"),
    });
    assert_eq!(kinds(&mails(office, &friend)), friends.collect::<Vec<_>>());
    assert_eq!(kinds(&mails(office, &cancels.email)), ["email"]);
    for one in &near {
        assert!(mails(office, &one.email).is_empty(), "{}: the meeting is over", one.uid);
    }
    assert_eq!(kinds(&mails(office, &pays.email)), [&["email"], &all[..]].concat());

    // Each contact and each meeting once, as it is now.
    let mut contacts: Vec<_> = everybody.iter().map(|email| email.to_lowercase()).collect();
    contacts.sort();
    assert_eq!(hub.contacts(), contacts);
    let mut meetings: Vec<_> = far.iter().chain(&near).chain([&first, &moves, &pays]).collect();
    meetings.sort_by(|one, other| one.uid.cmp(&other.uid));
    let mut outcomes = hub.outcomes();
    assert_eq!(outcomes.remove(0), ("cancels".to_owned(), "CANCELED".to_owned()));
    let scheduled = meetings.iter().map(|it| (it.uid.clone(), "SCHEDULED".to_owned()));
    assert_eq!(outcomes, scheduled.collect::<Vec<_>>());

    // Six hooks for fifteen deliveries, a friend's mail, and the reminders.
    let planned = 6 * 15 + 1 + 2 * (far.len() + 1) + near.len() + 2 * 2 + 3 * 2;
    let count = |state| tasks.iter().filter(|task| task.state == state).count();
    // Of what was moved and cancelled: the mail, the meeting and two reminders.
    let (superseded, skipped) = (2 * 4, 2 * near.len());
    assert_eq!(tasks.len(), planned);
    assert_eq!(count(TaskState::Superseded), superseded);
    assert_eq!(count(TaskState::Skipped), skipped);
    assert_eq!(count(TaskState::Done), planned - superseded - skipped);
    day.end().await;
}

/// Fails unless HubSpot was left alone for as long as it asked for, task by task.
async fn has_waited(day: &Day, hub: &Hub, tasks: &[TaskRecord]) {
    let mut failed = 0;
    let tasks: Vec<_> = tasks.iter().filter(|task| task.hook == "hubspot").collect();
    for task in &tasks {
        let attempts = day.store.attempts(task.id).await.unwrap();
        failed += attempts.len();
        for pair in attempts.windows(2) {
            let pause = pair[1].started_at.unwrap() - pair[0].ended_at;
            assert!(pause >= TimeDelta::seconds(RETRY_AFTER), "{attempts:#?}");
        }
    }
    let by_hour = hub.by_hour(day.time.start);
    assert_eq!(failed, by_hour.values().sum::<usize>(), "one request an attempt");
    assert!(failed > tasks.len(), "each has tried more than once");
    assert!(by_hour.values().all(|count| *count <= tasks.len()), "{by_hour:?}");
}

/// Returns the key of the mail that a task has sent.
fn mail_of(task: &TaskRecord) -> Option<String> {
    let TaskRecord { hook, delivery_id, reminder, .. } = task;
    let is_mail = hook == "email" || hook == "reminders" && reminder.is_some();
    let key = match reminder {
        Some(reminder) => format!("{delivery_id}/{hook}/{reminder}"),
        None => format!("{delivery_id}/{hook}"),
    };
    (is_mail && task.state == TaskState::Done).then_some(key)
}
