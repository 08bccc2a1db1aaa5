//! Deliveries that neither the planner nor the database can take come among others.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use anyhow::Context as _;
use bytes::Bytes;
use clap::Args;
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions,
};

use super::{
    deliveries::{self, Deliveries, Writes},
    memory::Memory,
    outcome::{HOOKS, Outcome},
    series::{Reply, Series},
    stage::{self, LAST, Stage},
};
use crate::{
    admin,
    common::Workshop,
    database::{Choice, Kind},
    model::Fact,
    report::Report,
    site::{Site, Start},
};

/// How often others send a delivery.
const PACE: Duration = Duration::from_millis(20);

/// How large a body about absences is; the site takes up to a mebibyte.
const ABSENCES: usize = 1_000_000;

/// How long a second try, and what others have sent, may take.
const AGAIN: Duration = Duration::from_secs(30);

/// Part of the name and of the address of whoever sends what cannot be taken.
const PERSON: &str = "wiesława";

/// The settings of the attack.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    choice: Choice,

    /// How many bodies of a megabyte about absences there are.
    #[arg(long, default_value_t = 40)]
    absences: usize,

    /// How many deliveries of each other kind there are.
    #[arg(long, default_value_t = 5)]
    each: usize,

    /// How much memory may be resident, in MiB.
    #[arg(long, default_value_t = 512)]
    resident: u64,

    /// How many seconds the backlog may take once the last delivery is answered.
    #[arg(long, default_value_t = 60)]
    patience: u64,
}

/// A fault of a delivery.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
enum Poison {
    Absences,
    Address,
    Deciding,
    HalfLetter,
    Nul,
    Reading,
}

impl Poison {
    const SMALL: [Self; 5] =
        [Self::Address, Self::Deciding, Self::HalfLetter, Self::Nul, Self::Reading];

    fn name(self) -> &'static str {
        match self {
            Self::Absences => "1 MB of absences",
            Self::Address => "an address of 6 KB",
            Self::Deciding => "a panic while deciding",
            Self::HalfLetter => "half a letter",
            Self::Nul => "a letter that is NUL",
            Self::Reading => "a panic while reading",
        }
    }

    /// Whether no database helps.
    fn must_fail(self) -> bool {
        matches!(self, Self::Deciding | Self::Reading)
    }

    fn request(self, deliveries: &mut Deliveries) -> Bytes {
        let mut booking = deliveries.book();
        booking.name = format!("Wiesława {PERSON}");
        booking.email = format!("{PERSON}.{}@example.org", booking.number);
        let fact = match self {
            Self::Absences => Fact::NoShow(true),
            _ => Fact::Accepted { from: None },
        };
        let body = deliveries.body(&booking, fact);
        let mut body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let payload = &mut body["payload"];
        match self {
            Self::Absences => {
                let row = |number| json!({"email": format!("{number}.{PERSON}@example.org"), "noShow": true});
                let rows = ABSENCES / (row(100_000).to_string().len() + 1);
                payload["attendees"] = (100_000..100_000 + rows).map(row).collect();
            }
            Self::Address => {
                let address = format!("{PERSON}.{}@example.org", letters(&booking.uid, 6000));
                payload["attendees"][0]["email"] = address.as_str().into();
                payload["responses"]["email"]["value"] = address.into();
            }
            Self::Deciding => payload["title"] = "panic while deciding".into(),
            Self::Reading => payload["title"] = "panic while reading".into(),
            Self::HalfLetter => payload["attendees"][0]["name"] = "half a letter".into(),
            Self::Nul => payload["attendees"][0]["name"] = format!("{PERSON}\0").into(),
        }
        let half = format!("{PERSON} \\ud83d");
        deliveries.sign(body.to_string().replace("half a letter", &half).as_bytes())
    }
}

pub(crate) async fn run(
    options: &Options,
    workshop: &Workshop,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut stage = Stage::set(workshop, "", &options.choice).await?;
    let child = stage.start(None).await?;
    let process = child.id().context("the site has ended already")?;
    let (mut bad, mut good) = (stage.deliveries()?, stage.deliveries()?);
    let mut kinds = vec![Poison::Absences; options.absences];
    kinds.extend(Poison::SMALL.iter().flat_map(|kind| vec![*kind; options.each]));
    stage.random.shuffle(&mut kinds);
    let requests: Vec<_> = kinds.iter().map(|kind| (*kind, kind.request(&mut bad))).collect();

    let patience = Duration::from_secs(options.patience);
    let attack = async {
        let mut poisons: Vec<(Poison, Reply)> = Vec::new();
        for (kind, request) in requests {
            poisons
                .push((kind, deliveries::send(stage.site.address, request, Writes::Whole).await));
        }
        let ids = poisons.iter().filter_map(|(_, reply)| reply.outcome.as_deref().ok());
        let rest = stage.rest(ids, patience).await;
        (poisons, rest)
    };
    let (series, (poisons, rest)) = stage.series_until(&mut good, PACE, attack).await;
    series.acknowledged("others", report);
    let took = rest?.map(|took| format!("{:.2}", took.as_secs_f64()));
    report.none("backlog that does not end", took.is_none().then_some("it is still there"));
    report.figure("seconds until all was done", took.as_deref().unwrap_or("for ever"));
    report.at_most("resident at the peak, MiB", Memory::of(process)?.peak, options.resident);

    set_aside(&stage, &poisons, &series, report).await?;
    stage::stop(child, "", report).await?;
    if options.choice.database == Kind::Postgres {
        let server = options.choice.server.url.as_deref().context("expected --url")?;
        latin(&stage.site, server, report).await?;
    }
    stage.strike(report).await
}

/// Reports what came of each kind, and that it did nothing to others.
async fn set_aside(
    stage: &Stage,
    poisons: &[(Poison, Reply)],
    others: &Series,
    report: &mut Report,
) -> anyhow::Result<()> {
    let outcome = Outcome::of(stage, AGAIN).await?;
    outcome.report("others: ", &others.ids().collect(), &HOOKS, report);
    let ids: HashMap<&str, Poison> = poisons
        .iter()
        .filter_map(|(kind, reply)| Some((reply.outcome.as_deref().ok()?, *kind)))
        .collect();
    report.equal("what cannot be taken: answered 200", ids.len(), poisons.len());

    let mut decisions: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let (mut open, mut silent, mut telling, mut missed) = (vec![], vec![], vec![], vec![]);
    let mut failed = 0;
    for row in &outcome.ledger.deliveries {
        let Some(kind) = ids.get(row.id.as_str()) else { continue };
        let decision = row.decision.as_deref().unwrap_or("none");
        *decisions.entry((kind.name(), decision)).or_default() += 1;
        failed += usize::from(decision == "failed");
        open.extend(row.is_open().then_some(&row.id));
        missed.extend((kind.must_fail() && decision != "failed").then_some(&row.id));
        match row.failure.as_deref() {
            None => silent.extend((decision == "failed").then_some(&row.id)),
            Some(reason) => telling.extend(reason.contains(PERSON).then_some(reason)),
        }
    }
    for ((kind, decision), count) in decisions {
        report.figure(format!("{kind}: {decision}"), count);
    }
    report.none("undecided", open);
    report.none("panicked over and not set aside", missed);
    report.none("set aside without a reason", silent);
    report.none("reasons with personal data", telling);
    let reasons = outcome.ledger.deliveries.iter().filter_map(|row| row.failure.as_deref());
    for reason in reasons.collect::<HashSet<_>>() {
        report.figure(format!("  {reason}"), "");
    }
    let again = again(stage, failed, report).await;
    report.none("out of an operator's reach", again.err().map(|error| format!("{error:#}")));
    Ok(())
}

/// Reports that an operator sees them, and can have them tried again.
async fn again(stage: &Stage, failed: usize, report: &mut Report) -> anyhow::Result<()> {
    let address = stage.site.address;
    report.equal("counted as failed", admin::count_failed(address).await?, failed);
    report.equal("tried again", admin::replan(address).await?, failed);
    let rest = stage.rest([LAST].into_iter(), AGAIN).await?;
    report.none("second try that does not end", rest.is_none().then_some("it is still there"));
    report.equal("failed again", admin::count_failed(address).await?, failed);
    Ok(())
}

/// Reports that no tables are made where not every letter can be written.
async fn latin(site: &Site, server: &str, report: &mut Report) -> anyhow::Result<()> {
    let name = format!("calcom_chaos_latin_{}", std::process::id());
    let options: PgConnectOptions = server.parse()?;
    let mut connection = PgConnection::connect(server).await?;
    let create = format!(
        "CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    );
    sqlx::query(AssertSqlSafe(create)).execute(&mut connection).await?;
    let site = Site { database: options.database(&name).to_url_lossy().into(), ..site.clone() };
    let started = match site.start(None).await? {
        Start::Died(_) => None,
        Start::Ready(mut child, _) => {
            child.kill().await?;
            Some("it started")
        }
    };
    report.none("starts on a database in LATIN1", started);
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    sqlx::query(AssertSqlSafe(drop)).execute(&mut connection).await?;
    Ok(())
}

/// Returns letters that do not become fewer when they are packed.
fn letters(seed: &str, count: usize) -> String {
    let seed = seed.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte));
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.lowercase()).take(count).collect()
}
