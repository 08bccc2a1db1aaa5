//! The end state of bookings, worked out from what was sent, in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// What a delivery reports about a booking.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Fact {
    /// It was accepted; it may replace another booking.
    Accepted { from: Option<String> },
    /// It was cancelled.
    Cancelled,
    /// Its end has come.
    Ended,
    /// Its attendee was marked as absent, or the mark was taken back.
    NoShow(bool),
    /// It was paid.
    Paid,
    /// It waits for its payment.
    PaymentDue,
    /// The host declined it.
    Rejected,
    /// It waits for the host; it may replace another booking.
    Requested { from: Option<String> },
    /// A member says that it is with the wrong host.
    WronglyAssigned,
}

impl Fact {
    /// Returns the booking that was replaced.
    fn from(&self) -> Option<&str> {
        match self {
            Self::Accepted { from } | Self::Requested { from } => from.as_deref(),
            _ => None,
        }
    }
}

/// The status of a booking's row.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Accepted,
    Cancelled,
    Ended,
    Moved,
    Pending,
    Rejected,
}

/// What the ledger must show about a booking.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Expected {
    /// The status.
    pub(crate) status: Status,
    /// Whether it, or a booking that it replaces, was paid.
    pub(crate) paid: bool,
    /// The first booking of its chain.
    pub(crate) first: String,
    /// Reports that hooks must have seen, because none could have made them out of date.
    pub(crate) decisive: Vec<usize>,
}

/// What was reported, by booking.
struct Reports<'a> {
    facts: BTreeMap<&'a str, Vec<(usize, &'a Fact)>>,
    before: BTreeMap<&'a str, &'a str>,
    replaced: BTreeSet<&'a str>,
}

/// Returns the end state of every booking that was reported about.
///
/// A report is its number, the booking and the fact. Moved beats cancelled, cancelled beats
/// rejected, rejected beats accepted, accepted beats pending.
pub(crate) fn end_states<'a>(
    reports: impl IntoIterator<Item = (usize, &'a str, &'a Fact)>,
) -> BTreeMap<String, Expected> {
    let mut all =
        Reports { facts: BTreeMap::new(), before: BTreeMap::new(), replaced: BTreeSet::new() };
    for (number, uid, fact) in reports {
        all.facts.entry(uid).or_default().push((number, fact));
        if let Some(from) = fact.from() {
            all.facts.entry(from).or_default();
            all.before.insert(uid, from);
            all.replaced.insert(from);
        }
    }
    all.facts.keys().map(|uid| ((*uid).to_owned(), all.end_state(uid))).collect()
}

impl Reports<'_> {
    fn end_state(&self, uid: &str) -> Expected {
        let of = |wanted: fn(&Fact) -> bool| self.matching(uid, wanted);
        let cancelled = of(|fact| *fact == Fact::Cancelled);
        let rejected = of(|fact| *fact == Fact::Rejected);
        let accepted = of(|fact| matches!(fact, Fact::Accepted { .. }));
        let ended = of(|fact| *fact == Fact::Ended);
        let (status, mut decisive) = if self.replaced.contains(uid) {
            (Status::Moved, Vec::new())
        } else if !cancelled.is_empty() {
            (Status::Cancelled, cancelled)
        } else if !rejected.is_empty() {
            (Status::Rejected, rejected)
        } else if accepted.is_empty() {
            (Status::Pending, of(|fact| matches!(fact, Fact::Requested { .. })))
        } else if ended.is_empty() {
            (Status::Accepted, accepted)
        } else {
            (Status::Ended, [accepted, ended].concat())
        };
        // No state of the booking makes its payment out of date.
        decisive.extend(of(|fact| *fact == Fact::Paid));
        let line = self.line(uid);
        Expected {
            status,
            paid: line.iter().any(|uid| !self.matching(uid, |fact| *fact == Fact::Paid).is_empty()),
            first: line.last().copied().unwrap_or(uid).to_owned(),
            decisive,
        }
    }

    fn matching(&self, uid: &str, wanted: fn(&Fact) -> bool) -> Vec<usize> {
        let facts = self.facts.get(uid).into_iter().flatten();
        facts.filter(|(_, fact)| wanted(fact)).map(|(number, _)| *number).collect()
    }

    /// Returns a booking and those that it replaces, back to the first.
    fn line<'a>(&'a self, uid: &'a str) -> Vec<&'a str> {
        let mut line = vec![uid];
        let mut at = uid;
        while let Some(from) = self.before.get(at).filter(|from| !line.contains(*from)) {
            line.push(from);
            at = from;
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(from: Option<&str>) -> Fact {
        Fact::Accepted { from: from.map(str::to_owned) }
    }

    /// The end states of these reports, which must be the same in every order.
    fn states(mut reports: Vec<(&str, Fact)>) -> Vec<(String, Status, bool)> {
        let read = |reports: &[(&str, Fact)]| {
            let numbered = reports.iter().enumerate();
            let states = end_states(numbered.map(|(number, (uid, fact))| (number, *uid, fact)));
            let row = |(uid, state): (String, Expected)| (uid, state.status, state.paid);
            states.into_iter().map(row).collect::<Vec<_>>()
        };
        let first = read(&reports);
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..50 {
            random.shuffle(&mut reports);
            assert_eq!(read(&reports), first);
        }
        first
    }

    #[test]
    fn a_later_status_beats_an_earlier_one() {
        let cases = [
            (vec![Fact::Requested { from: None }], Status::Pending),
            (vec![Fact::PaymentDue], Status::Pending),
            (vec![Fact::Requested { from: None }, accepted(None)], Status::Accepted),
            (vec![Fact::Requested { from: None }, Fact::Rejected], Status::Rejected),
            (vec![accepted(None), Fact::Ended, Fact::NoShow(true)], Status::Ended),
            (vec![Fact::Requested { from: None }, Fact::Ended], Status::Pending),
            (vec![accepted(None), Fact::Ended, Fact::Cancelled], Status::Cancelled),
            (vec![Fact::Rejected, Fact::Cancelled], Status::Cancelled),
        ];
        for (facts, status) in cases {
            let reports = facts.iter().map(|fact| ("a", fact.clone())).collect();
            assert_eq!(states(reports), [("a".to_owned(), status, false)], "{facts:?}");
        }
    }

    #[test]
    fn a_booking_that_was_replaced_is_moved_whatever_else_befell_it() {
        let reports = vec![
            ("a", accepted(None)),
            ("a", Fact::Cancelled),
            ("a", Fact::Ended),
            ("b", accepted(Some("a"))),
            ("c", Fact::Requested { from: Some("b".to_owned()) }),
        ];
        let expected = [("a", Status::Moved), ("b", Status::Moved), ("c", Status::Pending)];
        let expected = expected.map(|(uid, status)| (uid.to_owned(), status, false));
        assert_eq!(states(reports), expected);
    }

    #[test]
    fn what_is_paid_stays_paid_when_it_is_moved() {
        let reports = vec![
            ("a", accepted(None)),
            ("b", accepted(Some("a"))),
            ("b", Fact::Paid),
            ("c", accepted(Some("b"))),
        ];
        let paid: Vec<_> = states(reports).into_iter().map(|(_, _, paid)| paid).collect();
        assert_eq!(paid, [false, true, true]);
    }

    #[test]
    fn hooks_must_have_seen_what_decides_the_end_state() {
        let facts = [Fact::Requested { from: None }, accepted(None), Fact::Paid, Fact::Ended];
        let reports = facts.iter().enumerate().map(|(number, fact)| (number, "a", fact));
        assert_eq!(end_states(reports)["a"].decisive, [1, 3, 2]);
        let facts = [accepted(Some("a"))];
        let states = end_states(facts.iter().map(|fact| (7, "b", fact)));
        assert_eq!(
            (states["a"].decisive.as_slice(), states["b"].decisive.as_slice()),
            (&[][..], &[7][..])
        );
        assert!(states.values().all(|state| state.first == "a"));
    }
}
