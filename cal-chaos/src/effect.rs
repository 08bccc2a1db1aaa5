//! Whether hooks had their effects: once in the database, at least once outside.

use std::collections::{HashMap, HashSet};

use crate::{
    check::{EFFECTS, PROVIDER},
    evidence::Evidence,
    provider::Call,
    report::Report,
};

/// P3: a row in the database stands for a task that is done, and for nothing else.
pub(crate) fn inside(evidence: &Evidence, report: &mut Report) {
    let mut rows: HashMap<&str, usize> = HashMap::new();
    let mut foreign = Vec::new();
    for (delivery, hook) in &evidence.effects {
        if hook == EFFECTS {
            *rows.entry(delivery).or_default() += 1;
        } else {
            foreign.push(format!("{hook} of {delivery}"));
        }
    }
    let done = evidence.done(EFFECTS);
    report.figure("database effects", evidence.effects.len());
    let double = rows.iter().filter(|(_, count)| **count > 1);
    report.none("double database effects", double.map(|(id, count)| format!("{id} {count} times")));
    report.none("database effects missing", done.iter().filter(|id| !rows.contains_key(*id)));
    foreign.extend(rows.keys().filter(|id| !done.contains(*id)).map(|id| (*id).to_owned()));
    report.none("database effects without a task done", foreign);
}

/// P4 and P5: calls outside carry a stable key, and those about one booking come in turn.
pub(crate) fn outside(evidence: &Evidence, report: &mut Report) {
    let mut by_key: HashMap<&str, Vec<&Call>> = HashMap::new();
    for call in &evidence.calls {
        by_key.entry(&call.key).or_default().push(call);
    }
    report.figure("provider calls", evidence.calls.len());
    report.figure("keys received again", by_key.values().filter(|calls| calls.len() > 1).count());
    let answered = |calls: &&Vec<&Call>| calls.iter().filter(|call| call.answered).count() > 1;
    report
        .figure("keys received again although answered", by_key.values().filter(answered).count());

    // A key is the delivery's id and the hook's name.
    let of_key = |key: &str| key.split('/').map(str::to_owned).collect::<Vec<_>>();
    let received: HashSet<String> = by_key
        .keys()
        .filter_map(|key| match &of_key(key)[..] {
            [delivery, hook, ..] if hook == PROVIDER => Some(delivery.clone()),
            _ => None,
        })
        .collect();
    let done = evidence.done(PROVIDER);
    report.none("done without a call", done.iter().filter(|id| !received.contains(**id)));
    let tasks: HashSet<(&str, &str)> = evidence
        .ledger
        .tasks
        .iter()
        .map(|task| (task.delivery_id.as_str(), task.hook.as_str()))
        .collect();
    let unknown = by_key.keys().filter(|key| {
        let parts = of_key(key);
        parts.len() < 2 || !tasks.contains(&(parts[0].as_str(), parts[1].as_str()))
    });
    report.none("keys unknown to the ledger", unknown);
    let unstable = by_key
        .iter()
        .filter(|(_, calls)| calls.iter().any(|call| !call.agrees || call.body != calls[0].body));
    report.none("keys that stand for several things", unstable.map(|(key, _)| *key));
    // A provider that honours keys does each thing once.
    report.none("provider calls twice after deduplication", again(evidence, &by_key));
    report.none("provider calls out of turn", out_of_turn(&evidence.calls));
}

/// Events that the provider was told about with several keys.
fn again(evidence: &Evidence, by_key: &HashMap<&str, Vec<&Call>>) -> Vec<String> {
    let mut events: HashMap<&str, usize> = HashMap::new();
    for (delivery, ids) in evidence.ids() {
        for id in ids {
            events.insert(id, evidence.schedule.deliveries[delivery].event);
        }
    }
    let mut told: HashMap<usize, usize> = HashMap::new();
    for key in by_key.keys() {
        if let Some(event) = key.split('/').next().and_then(|id| events.get(id)) {
            *told.entry(*event).or_default() += 1;
        }
    }
    let twice = told.into_iter().filter(|(_, keys)| *keys > 1);
    twice.map(|(event, keys)| format!("{} with {keys} keys", evidence.describe(event))).collect()
}

/// Calls about a booking that came again after a later one about it.
///
/// The hook runs one task of a booking after the other, so all calls of one task stand together.
fn out_of_turn(calls: &[Call]) -> Vec<String> {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut last: HashMap<&str, &str> = HashMap::new();
    let mut late = Vec::new();
    for call in calls {
        let Some(uid) = &call.uid else { continue };
        let is_new = seen.insert(&call.key);
        let before = last.insert(uid, &call.key);
        if !is_new && before != Some(call.key.as_str()) {
            late.push(format!("{} came again after {}", call.key, before.unwrap_or("nothing")));
        }
    }
    late
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_call_may_come_again_only_before_the_next_one_about_its_booking() {
        let calls = |keys: &[(&str, &str)]| -> Vec<Call> {
            let call = |(key, uid): &(&str, &str)| Call {
                key: (*key).to_owned(),
                uid: Some((*uid).to_owned()),
                body: Bytes::new(),
                agrees: true,
                answered: true,
            };
            keys.iter().map(call).collect()
        };
        let fine = [("1", "a"), ("2", "b"), ("1", "a"), ("3", "a"), ("2", "b")];
        assert_eq!(out_of_turn(&calls(&fine)), Vec::<String>::new());
        let late = [("1", "a"), ("2", "a"), ("1", "a")];
        assert_eq!(out_of_turn(&calls(&late)), ["1 came again after 2"]);
    }
}
