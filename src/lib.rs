#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(inline)]
pub use cal_core as core;
#[doc(inline)]
pub use cal_webhook as webhook;

pub use cal_core::{Booking, Delivery, Event, Trigger};
pub use cal_webhook::{
    Context, Hook, HookError, Lifecycle, MemoryStore, Receiver, ReceiverBuilder, Signer,
    Transition, Verified, Verifier,
};

#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "postgres", feature = "sqlite"))))]
#[doc(inline)]
pub use cal_store as store;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "postgres", feature = "sqlite"))))]
pub use cal_store::SqlStore;

#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
#[doc(inline)]
pub use cal_client as client;
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use cal_client::Client;
#[cfg(all(feature = "reconcile", any(feature = "postgres", feature = "sqlite")))]
#[cfg_attr(docsrs, doc(cfg(feature = "reconcile")))]
pub use cal_store::Reconciler;

#[cfg(feature = "hooks")]
#[cfg_attr(docsrs, doc(cfg(feature = "hooks")))]
#[doc(inline)]
pub use cal_hooks as hooks;

#[cfg(feature = "actix")]
#[cfg_attr(docsrs, doc(cfg(feature = "actix")))]
#[doc(inline)]
pub use cal_actix as actix;
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
#[doc(inline)]
pub use cal_axum as axum;
