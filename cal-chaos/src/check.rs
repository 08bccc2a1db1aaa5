//! Whether the ledger holds what was acknowledged, and every hook its tasks.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    admin::{Booking, Task},
    body,
    evidence::Evidence,
    model::{Expected, end_states},
    report::Report,
};

/// The hooks that the site has for this program.
pub(crate) const PROVIDER: &str = "provider";
pub(crate) const EFFECTS: &str = "effects";

/// P1 and the first half of P3: what was acknowledged is there, and once.
pub(crate) fn deliveries(evidence: &Evidence, report: &mut Report) {
    let Evidence { schedule, tally, ledger, .. } = evidence;
    let ids = evidence.ids();
    let known: HashSet<&str> = ledger.deliveries.iter().map(|one| one.id.as_str()).collect();
    let refreshed = ids.keys().filter(|place| schedule.deliveries[**place].refreshed).count();
    let duplicates = tally.acks.iter().filter(|ack| ack.duplicate).count();

    report.equal("deliveries acknowledged", ids.len(), schedule.deliveries.len());
    report.figure("duplicates answered", duplicates);
    report.figure("refreshed resends", refreshed);
    report.figure("sends without an answer", tally.unanswered);
    report.none("verified deliveries refused", &tally.refused);
    report.none("lost", ids.values().flatten().filter(|id| !known.contains(*id)));

    let several = |ids: &&HashSet<&str>| ids.len() > 1;
    let mut bodies: HashMap<&str, usize> = HashMap::new();
    for id in ids.values().flatten() {
        *bodies.entry(id).or_default() += 1;
    }
    let shared = bodies.iter().filter(|(_, bodies)| **bodies > 1).map(|(id, _)| *id);
    let mut stored: HashMap<usize, usize> = HashMap::new();
    for ack in tally.acks.iter().filter(|ack| !ack.duplicate) {
        *stored.entry(ack.delivery).or_default() += 1;
    }
    let twice = stored.iter().filter(|(_, count)| **count > 1);
    let extra = known.iter().filter(|id| !bodies.contains_key(*id));
    let cases = ids.values().filter(several).map(|ids| format!("one body has the ids {ids:?}"));
    let cases = cases
        .chain(shared.map(|id| format!("{id} stands for several bodies")))
        .chain(twice.map(|(place, _)| format!("body {place} was stored as new twice")))
        .chain(extra.map(|id| format!("{id} was never acknowledged")));
    report.none("bodies kept twice, or that nobody sent", cases.collect::<Vec<_>>());
    report.equal("deliveries listed once", known.len(), ledger.deliveries.len());
    report.none("deliveries mixed up", mixed_up(evidence));
}

/// Deliveries whose row is about something else than what was sent under their id.
fn mixed_up(evidence: &Evidence) -> Vec<String> {
    let rows: HashMap<&str, _> =
        evidence.ledger.deliveries.iter().map(|one| (one.id.as_str(), one)).collect();
    let mut cases = Vec::new();
    for (place, ids) in evidence.ids() {
        let event = &evidence.schedule.events[evidence.schedule.deliveries[place].event];
        let uid = evidence.schedule.bookings[event.booking].uid.as_str();
        let trigger = body::trigger(&event.fact);
        for row in ids.iter().filter_map(|id| rows.get(id)) {
            if row.trigger.as_deref() != Some(trigger) || row.booking_uid.as_deref() != Some(uid) {
                cases.push(format!("{} is not {trigger} of {uid}", row.id));
            }
        }
    }
    cases
}

/// P2 and P3: every applied delivery has one task for every hook, and no event is applied twice.
pub(crate) fn tasks(evidence: &Evidence, report: &mut Report) {
    let decisions = evidence.decisions();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for decision in decisions.values() {
        *counts.entry(decision.unwrap_or("none")).or_default() += 1;
    }
    report.figure("decisions", list(&counts));
    let open = |decision: &Option<&str>| decision.is_none_or(|decision| decision == "early");
    let undecided = decisions.iter().filter(|(_, decision)| open(decision)).map(|(id, _)| *id);
    report.none("deliveries undecided", undecided);

    let own = |task: &&Task| task.reminder.is_none();
    let tasks: Vec<&Task> = evidence.ledger.tasks.iter().filter(own).collect();
    let hooks: HashSet<&str> = tasks.iter().map(|task| task.hook.as_str()).collect();
    let missing = [PROVIDER, EFFECTS].into_iter().filter(|hook| !hooks.contains(hook));
    report.none("hooks without a task", missing);
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for task in &tasks {
        *states.entry(task.state.as_str()).or_default() += 1;
    }
    report.figure("tasks by state", list(&states));
    let attempts = tasks.iter().map(|task| task.attempts).max().unwrap_or_default();
    report.figure("most attempts of a task", attempts);
    let left = tasks.iter().filter(|task| task.is_open());
    report.none(
        "tasks left over",
        left.map(|task| format!("{} of {} is {}", task.hook, task.delivery_id, task.state)),
    );

    let applied: HashSet<&str> = decisions
        .iter()
        .filter(|(_, decision)| **decision == Some("applied"))
        .map(|(id, _)| *id)
        .collect();
    report.equal("tasks, of applied x hooks", tasks.len(), applied.len() * hooks.len());
    let mut seen = HashSet::new();
    let wrong = tasks.iter().filter(|task| {
        let is_first = seen.insert((task.delivery_id.as_str(), task.hook.as_str()));
        !is_first || !applied.contains(task.delivery_id.as_str())
    });
    report.none(
        "tasks made twice, or for what was not applied",
        wrong.map(|task| format!("{} of {}", task.hook, task.delivery_id)),
    );
    let again = evidence.applied().into_iter().filter(|(_, copies)| *copies > 1);
    report.none(
        "events applied twice",
        again.map(|(event, copies)| format!("{} {copies} times", evidence.describe(event))),
    );
}

/// P5: the end state of every booking is what the model says.
pub(crate) fn bookings(evidence: &Evidence, report: &mut Report) {
    let schedule = &evidence.schedule;
    let acknowledged: HashSet<usize> =
        evidence.ids().keys().map(|place| schedule.deliveries[*place].event).collect();
    let reports = schedule.events.iter().enumerate();
    let reports = reports.filter(|(number, _)| acknowledged.contains(number));
    let expected = end_states(reports.map(|(number, event)| {
        (number, schedule.bookings[event.booking].uid.as_str(), &event.fact)
    }));
    let rows: HashMap<&str, &Booking> =
        evidence.ledger.bookings.iter().map(|row| (row.uid.as_str(), row)).collect();
    report.figure("bookings", expected.len());
    report.equal("rows of bookings", evidence.ledger.bookings.len(), expected.len());
    let mut wrong = Vec::new();
    let mut names: HashMap<&str, &str> = HashMap::new();
    for booking in &schedule.bookings {
        let Some(expected) = expected.get(&booking.uid) else { continue };
        let Some(row) = rows.get(booking.uid.as_str()) else {
            wrong.push(format!("{} has no row", booking.uid));
            continue;
        };
        // The chain's name is the site's choice, but all of one chain have one.
        let name = names.entry(&expected.first).or_insert(&row.chain);
        let is_content = row.start == Some(booking.start)
            && row.end == Some(booking.end)
            && row.attendee_email.as_ref() == Some(&booking.email);
        if (row.status, row.paid) != (expected.status, expected.paid) {
            let Expected { status, paid, .. } = expected;
            wrong.push(format!(
                "{} is {:?}, paid {}; expected {status:?}, paid {paid}",
                row.uid, row.status, row.paid
            ));
        } else if *name != row.chain || !is_content {
            wrong.push(format!("{} has another chain, time or guest", row.uid));
        }
    }
    let chains: HashSet<&str> = names.values().copied().collect();
    report.equal("chains told apart", chains.len(), names.len());
    report.none("wrong end states", wrong);

    let applied = evidence.applied();
    let decisive = expected.values().flat_map(|expected| &expected.decisive);
    let unseen = decisive.filter(|event| applied.get(event) != Some(&1));
    report.none("deciding events no hook saw", unseen.map(|event| evidence.describe(*event)));
}

fn list(counts: &BTreeMap<&str, usize>) -> String {
    let parts: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    parts.join(", ")
}
