//! Hooks whose effect is a row in the site's database.

use calcom::{
    Context, Delivery, HookError, Lifecycle, SqlStore, Transition,
    store::{self, sqlx},
    webhook::{Change, Reminder},
};

/// Writes one row for everything that happens.
pub(crate) struct Effects(pub(crate) SqlStore);

impl Lifecycle for Effects {
    fn name(&self) -> &str {
        "effects"
    }

    async fn on_any(&self, cx: &Context) -> Result<(), HookError> {
        write(&self.0, cx, self.name()).await
    }
}

/// What only the next version has: it writes a row too, and another one when a booking starts.
pub(crate) struct Next(pub(crate) SqlStore);

impl Lifecycle for Next {
    fn name(&self) -> &str {
        "next"
    }

    fn reminders(&self, transition: &Transition, delivery: &Delivery) -> Vec<Reminder> {
        match (transition.change, delivery.event.booking()) {
            (Change::Booked | Change::Rescheduled, Some(booking)) => {
                booking.start.map(|start| Reminder::new("start", start)).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    async fn on_any(&self, cx: &Context) -> Result<(), HookError> {
        write(&self.0, cx, self.name()).await
    }

    async fn on_reminder(&self, cx: &Context, name: &str) -> Result<(), HookError> {
        write(&self.0, cx, name).await
    }
}

/// Writes a row in the transaction that ends the task.
async fn write(store: &SqlStore, cx: &Context, hook: &str) -> Result<(), HookError> {
    const INSERT: &str = "INSERT INTO chaos_effects (delivery_id, hook) VALUES ($1, $2)";
    let (delivery, hook) = (cx.delivery_id().to_string(), hook.to_owned());
    store
        .complete(cx, |effects| {
            Box::pin(async move {
                match effects {
                    store::Effects::Postgres(conn) => {
                        sqlx::query(INSERT).bind(delivery).bind(hook).execute(conn).await?;
                    }
                    store::Effects::Sqlite(conn) => {
                        sqlx::query(INSERT).bind(delivery).bind(hook).execute(conn).await?;
                    }
                    _ => return Err(HookError::permanent("expected a database that is known")),
                }
                Ok(())
            })
        })
        .await
}
