//! Texts that may mention somebody after the body that they come from is gone.

use cal_webhook::StoreError;

use crate::{
    SqlStore,
    database::{Arg, Conn},
    export::fitting,
    person::Person,
    plan, settle,
    sql::Sql,
};

/// How many texts are looked at together, unless they are long.
const BATCH: i64 = 1000;

/// Texts of one table.
pub(super) struct Texts {
    /// How long the next ones are.
    pub(super) sizes: &'static str,
    /// The next ones, with their numbers.
    pub(super) next: &'static str,
}

/// Texts of one table that are replaced when they mention somebody.
pub(super) struct Erasable {
    pub(super) texts: Texts,
    /// Puts something else in the place of those with these numbers.
    pub(super) clear: Sql,
}

/// Makes [`Texts`] of a query for the `seq` and the `text` of what comes after `$1`.
macro_rules! texts {
    ($query:literal) => {
        $crate::erase::texts::Texts {
            sizes: concat!(
                "SELECT CAST(length(t.text) AS BIGINT) FROM (",
                $query,
                ") AS t ORDER BY t.seq LIMIT $2"
            ),
            next: concat!("SELECT t.seq, t.text FROM (", $query, ") AS t ORDER BY t.seq LIMIT $2"),
        }
    };
}

/// Makes [`Erasable`] texts of the same, and of a change that puts `$2` there.
macro_rules! erasable {
    ($query:literal, $change:literal) => {
        $crate::erase::texts::Erasable {
            texts: $crate::erase::texts::texts!($query),
            clear: $crate::sql::sql!(
                $change " WHERE seq IN (SELECT CAST(item.value AS BIGINT) FROM" texts(1) ")"
            ),
        }
    };
}
pub(super) use {erasable, texts};

impl SqlStore {
    /// Replaces the texts that mention a person, and returns how many there were.
    pub(super) async fn erase_texts(
        &self,
        erasable: &Erasable,
        person: &Person,
        instead: Option<&str>,
    ) -> Result<usize, StoreError> {
        let (mut erased, mut after) = (0, 0);
        while let Some(found) = self.mentions(&erasable.texts, person, &mut after).await? {
            if found.is_empty() {
                continue;
            }
            erased += found.len();
            let found: Vec<_> = found.iter().map(|(seq, _)| seq.to_string()).collect();
            let found = settle::json(&found).map_err(crate::error::out_of_reach)?;
            let args = [Arg::Text(&found), Arg::MaybeText(instead)];
            let mut lent = self.shared.database.write().await?;
            let done = clear(&mut lent.conn(), erasable.clear, &args).await;
            lent.end(done).await?;
        }
        Ok(erased)
    }

    /// Reads on, and returns those of the next texts that mention a person; `None` at the end.
    pub(super) async fn mentions(
        &self,
        texts: &Texts,
        person: &Person,
        after: &mut i64,
    ) -> Result<Option<Vec<(i64, String)>>, StoreError> {
        let args = [Arg::Int(*after), Arg::Int(BATCH)];
        let sizes: Vec<(i64,)> = self.ask(texts.sizes, &args).await?;
        if sizes.is_empty() {
            return Ok(None);
        }
        let limit = fitting(sizes.into_iter().map(|(size,)| size));
        let args = [Arg::Int(*after), Arg::Int(i64::try_from(limit).unwrap_or(BATCH))];
        let mut rows: Vec<(i64, String)> = self.ask(texts.next, &args).await?;
        let Some((last, _)) = rows.last() else { return Ok(None) };
        *after = *last;
        rows.retain(|(_, text)| person.is_in(text));
        Ok(Some(rows))
    }
}

async fn clear(conn: &mut Conn<'_>, sql: Sql, args: &[Arg<'_>]) -> Result<(), sqlx::Error> {
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    // A planner that had loaded a booking would write it back.
    plan::interrupt(&mut conn).await?;
    conn.execute(sql, args).await?;
    tx.commit().await
}
