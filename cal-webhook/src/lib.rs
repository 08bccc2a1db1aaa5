//! Trust and meaning: verifies Cal.com webhooks and turns them into lifecycle hooks.
//!
//! [`Receiver`] is the whole way of a delivery: limits, signature ([`Verifier`]), [`Store`], answer,
//! and after the answer [`Transition`] and [`Lifecycle`]. The adapters `cal-axum` and `cal-actix`
//! mount it; everything else here can be used on its own.
//!
//! ```
//! use cal_webhook::{Hook, Receiver, Verifier};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let receiver = Receiver::builder(Verifier::new("the webhook's secret")?)
//!     .hook(Hook::named("welcome").on_booked(|_cx, booking| async move {
//!         println!("{} with {}", booking.title, booking.organizer.name);
//!         Ok(())
//!     }))
//!     .build()?;
//! # Ok(()) }
//! ```
//!
//! # Metrics
//!
//! With the feature `metrics`, a recorder of the `metrics` crate that was installed before the
//! receiver was built gets these; nothing else changes. No label holds personal data.
//!
//! | name | labels | what |
//! |---|---|---|
//! | `cal_deliveries_total` | `outcome`: `stored`, `duplicate` | verified deliveries that the store took |
//! | `cal_refusals_total` | `reason`: `busy`, `encoded`, `interrupted`, `method`, `slow`, `too_large`, `unavailable`, `unverified` | requests that were refused |
//! | `cal_acknowledge_seconds` | | from the last byte of a delivery to its answer of 200 |
//! | `cal_failed_total` | | deliveries that could not be planned and were set aside |
//! | `cal_tasks_total` | `hook`; `outcome`: `done`, `retry`, `dead`, `lost`, `released` | attempts that ended |
//! | `cal_hook_seconds` | `hook` | how long hooks took, also those that failed |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod budget;
mod chain;
mod clock;
mod context;
#[doc(hidden)]
pub mod crash;
mod dispatcher;
mod error;
mod head;
mod hook;
mod identity;
mod lifecycle;
#[doc(hidden)]
pub mod log;
mod marks;
mod memory;
mod metrics;
mod newest;
mod origin;
mod payload;
mod reading;
mod receiver;
mod record;
mod reply;
mod retry;
mod secret;
mod series;
mod signature;
mod signer;
mod store;
mod subject;
mod transition;
mod venue;
mod verifier;
mod vocabulary;
mod worker;

pub use chain::{
    About, Before, BookingRow, BookingState, Chains, Changes, Detail, Made, Overtaken, Place,
    Ruling, SeatRow, TakenSeat, Turn, Value, Wants,
};
pub use context::Context;
pub use dispatcher::{Dispatcher, Outcome};
pub use error::{HookError, StoreError};
pub use head::Head;
pub use hook::Hook;
pub use identity::Identity;
pub use lifecycle::Lifecycle;
pub use memory::MemoryStore;
pub use origin::Origin;
pub use reading::{Reading, Unreadable};
pub use receiver::{BuildError, Receiver, ReceiverBuilder};
pub use record::{BookingRecord, DeliveryRecord, HistoryItem, TaskRecord};
pub use reply::{Rejection, Reply};
pub use secret::SecretError;
pub use series::EndedSeries;
pub use signature::SIGNATURE_HEADER;
pub use signer::Signer;
pub use store::{
    Accepted, Arrival, Decision, DeliveryId, Reminder, Settlement, Source, Store, Task, TaskId,
    TaskState,
};
pub use subject::{Seat, Subject};
pub use transition::{Change, Transition};
pub use verifier::{Verified, Verifier, VerifyError};
pub use vocabulary::vocabulary;
