//! The outcome of deliveries that were acknowledged.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use super::stage::Stage;
use crate::{
    admin::{self, Ledger},
    check::{EFFECTS, PROVIDER},
    report::Report,
};

/// The hooks that the site has for this program.
pub(crate) const HOOKS: [&str; 2] = [PROVIDER, EFFECTS];

/// The rows that the site has kept of them, and their tasks.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) ledger: Ledger,
    /// The delivery and the hook of every row that a hook wrote.
    pub(crate) effects: Vec<(String, String)>,
}

impl Outcome {
    /// Waits until nothing is left to do, at most for this time, and looks at everything.
    pub(crate) async fn of(stage: &Stage, patience: Duration) -> anyhow::Result<Self> {
        let ledger = admin::settled(stage.site.address, patience).await?;
        Ok(Self { ledger, effects: stage.database.effects().await? })
    }

    /// P1 to P3: everything is there, was decided about, and had its effects once.
    pub(crate) fn report(
        &self,
        name: &str,
        ids: &HashSet<&str>,
        hooks: &[&str],
        report: &mut Report,
    ) {
        report.none(format!("{name}acknowledged and lost"), self.lost(ids));
        report.none(format!("{name}undecided"), self.undecided(ids));
        report.none(format!("{name}tasks missing or not ended"), self.unended(ids, hooks));
        report.none(format!("{name}database effects twice"), self.doubled());
    }

    pub(crate) fn lost<'a>(&self, ids: &HashSet<&'a str>) -> Vec<&'a str> {
        let deliveries = self.ledger.deliveries.iter();
        let known: HashSet<&str> = deliveries.map(|one| one.id.as_str()).collect();
        ids.iter().copied().filter(|id| !known.contains(id)).collect()
    }

    fn undecided(&self, ids: &HashSet<&str>) -> Vec<&str> {
        let deliveries = self.ledger.deliveries.iter();
        let open = deliveries.filter(|one| one.is_open()).map(|one| one.id.as_str());
        open.filter(|id| ids.contains(id)).collect()
    }

    /// Returns the tasks of these deliveries that are not there, or not done.
    pub(crate) fn undone(&self, ids: &HashSet<&str>, hooks: &[&str]) -> Vec<String> {
        self.missing(ids.iter().copied(), hooks, &["done"])
    }

    /// Returns the tasks of what was applied that are not there, or have not ended well.
    fn unended(&self, ids: &HashSet<&str>, hooks: &[&str]) -> Vec<String> {
        let deliveries = self.ledger.deliveries.iter();
        let applied = deliveries.filter(|one| one.decision.as_deref() == Some("applied"));
        let applied = applied.map(|one| one.id.as_str()).filter(|id| ids.contains(id));
        self.missing(applied, hooks, &["done", "superseded"])
    }

    fn missing<'a>(
        &self,
        ids: impl Iterator<Item = &'a str>,
        hooks: &[&str],
        states: &[&str],
    ) -> Vec<String> {
        let own = self.ledger.tasks.iter().filter(|task| task.reminder.is_none());
        let known: HashMap<(&str, &str), &str> = own
            .map(|task| ((task.delivery_id.as_str(), task.hook.as_str()), task.state.as_str()))
            .collect();
        let mut missing = Vec::new();
        for id in ids {
            for hook in hooks {
                match known.get(&(id, *hook)) {
                    Some(state) if states.contains(state) => {}
                    Some(state) => missing.push(format!("{hook} of {id} is {state}")),
                    None => missing.push(format!("{hook} of {id} is not there")),
                }
            }
        }
        missing
    }

    fn doubled(&self) -> Vec<String> {
        let mut rows: HashMap<&(String, String), usize> = HashMap::new();
        for row in &self.effects {
            *rows.entry(row).or_default() += 1;
        }
        let doubled = rows.into_iter().filter(|(_, count)| *count > 1);
        doubled.map(|((id, hook), count)| format!("{hook} of {id} {count} times")).collect()
    }
}
