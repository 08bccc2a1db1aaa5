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
//!         println!("{} at {}", booking.title, booking.start);
//!         Ok(())
//!     }))
//!     .build();
//! # Ok(()) }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod chain;
mod clock;
mod context;
mod dispatcher;
mod error;
mod head;
mod hook;
mod lifecycle;
mod memory;
mod payload;
mod reading;
mod receiver;
mod record;
mod reply;
mod retry;
mod signature;
mod signer;
mod store;
mod subject;
mod transition;
mod verifier;
mod worker;

pub use chain::{About, BookingRow, BookingState, Chains, Changes, Overtaken, Ruling, Turn, Value};
pub use context::Context;
pub use dispatcher::{Dispatcher, Outcome};
pub use error::{HookError, StoreError};
pub use head::Head;
pub use hook::Hook;
pub use lifecycle::Lifecycle;
pub use memory::MemoryStore;
pub use reading::Reading;
pub use receiver::{Receiver, ReceiverBuilder};
pub use record::{BookingRecord, DeliveryRecord, HistoryItem, TaskRecord};
pub use reply::{Rejection, Reply};
pub use signature::SIGNATURE_HEADER;
pub use signer::Signer;
pub use store::{
    Accepted, Arrival, Decision, DeliveryId, Reminder, Settlement, Source, Store, Task, TaskId,
    TaskState,
};
pub use subject::{Seat, Subject};
pub use transition::{Change, Transition};
pub use verifier::{EmptySecret, Verified, Verifier, VerifyError};
