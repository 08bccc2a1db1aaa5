//! Deliveries that could not be planned, and another try.

use cal_webhook::{DeliveryId, StoreError};

use crate::{
    SqlStore,
    database::{Arg, Conn},
    operate::{named, note},
    plan,
    time::Micros,
};

/// How many deliveries are brought back in one transaction.
const BATCH: i64 = 1000;

/// Which deliveries that could not be planned are tried again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FailedDeliveries {
    /// All of them.
    All,
    /// A single one.
    Delivery(DeliveryId),
}

impl From<DeliveryId> for FailedDeliveries {
    fn from(id: DeliveryId) -> Self {
        Self::Delivery(id)
    }
}

impl SqlStore {
    /// Plans deliveries again that were set aside as failed, and returns how many there were.
    ///
    /// One that fails again is set aside again, with the reason. Those that another version of this
    /// library has set aside are tried again when a store is opened. Deliveries that have lost their
    /// bodies stay failed.
    ///
    /// # Errors
    ///
    /// Fails when no actor is named or the database is out of reach. Of many deliveries some may be
    /// tried again by then.
    pub async fn replan(
        &self,
        failed: impl Into<FailedDeliveries>,
        actor: &str,
    ) -> Result<usize, StoreError> {
        let (failed, actor) = (failed.into(), named(actor)?);
        let mut replanned = 0;
        loop {
            let audit = (replanned == 0).then_some((failed, actor));
            let one = match failed {
                FailedDeliveries::All => None,
                FailedDeliveries::Delivery(id) => Some(id.to_string()),
            };
            let batch = self.bring_back(one.as_deref(), "", audit).await?;
            replanned += batch;
            if batch == 0 || one.is_some() {
                return Ok(replanned);
            }
        }
    }

    /// Lets this version try what another one has set aside.
    pub(crate) async fn replan_after_upgrade(&self) -> Result<(), StoreError> {
        const OTHERS: &str = "SELECT 1 FROM cal_deliveries \
            WHERE decision = 'failed' AND failed_by <> $1 AND body IS NOT NULL LIMIT 1";
        let args = [Arg::Text(plan::VERSION)];
        while !self.ask::<(i32,)>(OTHERS, &args).await?.is_empty() {
            self.bring_back(None, plan::VERSION, None).await?;
        }
        Ok(())
    }

    async fn bring_back(
        &self,
        one: Option<&str>,
        not_by: &str,
        audit: Option<(FailedDeliveries, &str)>,
    ) -> Result<usize, StoreError> {
        let mut lent = self.shared.database.write().await?;
        let done = bring_back(&mut lent.conn(), one, not_by, audit).await;
        let count = lent.end(done).await?;
        self.shared.work.notify_one();
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }
}

async fn bring_back(
    conn: &mut Conn<'_>,
    one: Option<&str>,
    not_by: &str,
    audit: Option<(FailedDeliveries, &str)>,
) -> Result<u64, sqlx::Error> {
    const BRING_BACK: &str = "UPDATE cal_deliveries SET planned_at = NULL, decision = NULL, \
            failure = NULL, failed_by = NULL \
        WHERE id IN (SELECT id FROM cal_deliveries WHERE decision = 'failed' \
            AND body IS NOT NULL AND id = coalesce($1, id) AND failed_by <> $2 LIMIT $3)";
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    plan::interrupt(&mut conn).await?;
    let args = [Arg::MaybeText(one), Arg::Text(not_by), Arg::Int(BATCH)];
    let count = conn.execute(BRING_BACK, &args).await?;
    if let Some((failed, actor)) = audit.filter(|_| count > 0) {
        let object = match failed {
            FailedDeliveries::All => "failed deliveries".to_owned(),
            FailedDeliveries::Delivery(id) => format!("delivery {id}"),
        };
        let now: Micros = conn.now().await?;
        note(&mut conn, now, "replan", &object, actor).await?;
    }
    if count > 0 {
        plan::tell(&mut conn).await?;
    }
    tx.commit().await?;
    Ok(count)
}
