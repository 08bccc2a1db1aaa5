//! What keeps a delivery from being planned.

use cal_webhook::{StoreError, log::quietly};

use super::{Picked, interrupt};
use crate::database::{Arg, Conn, Database};

/// The version that a delivery cannot be planned by: another one may know better.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why a round of planning ended early.
#[derive(Debug)]
pub(super) enum Fault {
    /// One of its deliveries cannot be planned, for a reason without personal data.
    Data(String),
    /// The database cannot be used now.
    Store(StoreError),
}

impl Fault {
    pub(super) fn panicked() -> Self {
        Self::Data("it could not be read or decided about: the planner panicked".to_owned())
    }
}

/// Tells in our words what the database has against a row; `None` when it is no fault of the row.
///
/// Its own words may quote the row.
pub(crate) fn is_of_data(error: &sqlx::Error) -> Option<String> {
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code()?;
            let fault = match &*code {
                // A letter that the database's encoding lacks, or half of one.
                "22P05" | "22021" => "the database's encoding cannot write one of its letters",
                "54000" | "54001" | "54011" | "54023" | "18" => {
                    "a value is larger than the database takes"
                }
                // SQLite: a constraint, with what it is about in the upper bits, or a type.
                code if code.parse::<i32>().is_ok_and(|it| matches!(it & 0xff, 19 | 20)) => {
                    "the database refuses a value"
                }
                // PostgreSQL: a cardinality, a value, a constraint or a limit.
                code if code.len() == 5 && ["21", "22", "23", "54"].contains(&&code[..2]) => {
                    "the database refuses a value"
                }
                _ => return None,
            };
            Some(format!("{fault} (code {code})"))
        }
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => {
            Some("its row cannot be read".to_owned())
        }
        sqlx::Error::Encode(_) => Some("it cannot be written".to_owned()),
        _ => None,
    }
}

/// Takes a delivery that cannot be planned out of the way of the others.
pub(super) async fn set_aside(
    database: &Database,
    picked: &Picked,
    reason: &str,
) -> Result<(), StoreError> {
    quietly(|| {
        tracing::error!(
            delivery = picked.id,
            reason,
            "a delivery cannot be planned and is set aside"
        );
    });
    let mut lent = database.write().await?;
    let done = write(&mut lent.conn(), picked, reason).await;
    lent.end(done).await?;
    #[cfg(feature = "metrics")]
    metrics::counter!("cal_failed_total").increment(1);
    Ok(())
}

async fn write(conn: &mut Conn<'_>, picked: &Picked, reason: &str) -> Result<(), sqlx::Error> {
    const FAIL: &str = "UPDATE cal_deliveries SET planned_at = $2, decision = 'failed', \
            held_until = NULL, failure = $3, failed_by = $4 \
        WHERE id = $1 AND (planned_at IS NULL OR decision = 'early')";
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    interrupt(&mut conn).await?;
    let now = conn.now().await?;
    let args = [Arg::Text(&picked.id), Arg::Int(now.0), Arg::Text(reason), Arg::Text(VERSION)];
    conn.execute(FAIL, &args).await?;
    tx.commit().await
}
