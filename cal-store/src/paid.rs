//! Whether bookings, or those that they replaced, were paid.

use std::collections::{HashMap, HashSet};

use cal_webhook::StoreError;

use crate::{
    SqlStore,
    database::Arg,
    error::out_of_reach,
    settle,
    sql::{Sql, sql},
};

/// What the bookings replaced, as far back as the first that was paid, in chains that have a payment.
///
/// Where only a calendar entry links a booking, it replaced the one that was made before it.
const BACK: Sql = sql!(
    "WITH RECURSIVE step(uid, chain, moved_from, paid) AS NOT MATERIALIZED ( \
        SELECT b.uid, b.chain, coalesce(b.moved_from, CASE WHEN b.place IN (1, 3) THEN coalesce( \
            (SELECT e.uid FROM ( \
                SELECT * FROM (SELECT l.made_at, l.uid FROM cal_bookings l \
                    WHERE l.chain = b.chain AND l.place = 3 \
                        AND (l.made_at, l.uid) < (b.made_at, b.uid) \
                    ORDER BY l.made_at DESC, l.uid DESC LIMIT 1) AS open \
                UNION ALL SELECT * FROM (SELECT l.made_at, l.uid FROM cal_bookings l \
                    WHERE l.chain = b.chain AND l.place = 1 \
                        AND (l.made_at, l.uid) < (b.made_at, b.uid) \
                    ORDER BY l.made_at DESC, l.uid DESC LIMIT 1) AS closed) AS e \
                ORDER BY e.made_at DESC, e.uid DESC LIMIT 1), \
            (SELECT l.uid FROM cal_bookings l WHERE l.chain = b.chain AND l.place IN (0, 2) \
                ORDER BY l.made_at DESC, l.uid DESC LIMIT 1)) END), b.paid \
        FROM cal_bookings b), \
    back(uid, moved_from, paid) AS ( \
        SELECT s.uid, s.moved_from, s.paid FROM step s \
        WHERE s.uid " one_of "SELECT item.value FROM" texts(1) end "\
            AND EXISTS (SELECT 1 FROM cal_bookings p WHERE p.chain = s.chain AND p.paid) \
        UNION SELECT s.uid, s.moved_from, s.paid FROM back JOIN step s ON s.uid = back.moved_from \
            WHERE NOT back.paid) \
    SELECT uid, moved_from, paid FROM back"
);

impl SqlStore {
    /// Returns which of these bookings were paid, or replaced one that was.
    pub(crate) async fn paid<'a>(
        &self,
        uids: impl Iterator<Item = &'a str>,
    ) -> Result<HashSet<String>, StoreError> {
        let uids: Vec<&str> = uids.collect();
        let wanted = settle::json(&uids).map_err(out_of_reach)?;
        let rows: Vec<(String, Option<String>, bool)> =
            self.ask(BACK, &[Arg::Text(&wanted)]).await?;
        let mut back: HashMap<&str, (Option<&str>, bool)> = HashMap::new();
        for (uid, moved_from, paid) in &rows {
            back.insert(uid, (moved_from.as_deref(), *paid));
        }
        // What is known of one booking is known of those on the way to it.
        let mut known: HashMap<&str, bool> = HashMap::new();
        for uid in &uids {
            let (mut way, mut seen, mut at) = (Vec::new(), HashSet::new(), Some(*uid));
            let is_paid = loop {
                let Some(uid) = at.filter(|uid| seen.insert(*uid)) else { break false };
                if let Some(known) = known.get(uid) {
                    break *known;
                }
                way.push(uid);
                match back.get(uid) {
                    Some((_, true)) => break true,
                    Some((from, false)) => at = *from,
                    None => break false,
                }
            };
            known.extend(way.into_iter().map(|uid| (uid, is_paid)));
        }
        let paid = uids.iter().filter(|uid| known.get(**uid).is_some_and(|it| *it));
        Ok(paid.map(|uid| (*uid).to_owned()).collect())
    }
}
