//! Ready-made hooks: what happens after the booking.
//!
//! Every hook is a [`Lifecycle`](cal_webhook::Lifecycle) with a name of its own, so it has retries
//! of its own: a mail server that is down holds up no contact. Register those you want, in any
//! order; each stands behind a feature.
//!
//! | hook | name | feature |
//! |---|---|---|
//! | [`email::Mailer::attendees`] | `email` | `email`, and `smtp` or `resend` |
//! | [`email::Mailer::host_notices`] | `email-host` | the same |
//! | [`email::Mailer::sequence`] | yours | the same |
//! | [`crm::CrmHook`] with [`crm::LocalCrm`] or [`crm::HubSpot`] | `crm` | `sqlite`, `postgres`; `hubspot` |
//! | [`analytics::AnalyticsHook`] with [`analytics::LocalAnalytics`] or [`analytics::PostHog`] | `analytics` | `sqlite`, `postgres`; `posthog` |
//! | [`analytics::Appointments`] | `appointments` | `sqlite`, `postgres` |
//! | [`payments::Payments`] | `payments` | `sqlite`, `postgres` |
//! | [`notify::Slack`], [`notify::Webhook`] | `slack`, `webhook` | `notify` |
//!
//! [`Appointments`](analytics::Appointments) belongs beside whatever asks how bookings stand: the
//! funnel and the numbers of services, and the conditions of a [`sequence`]. [`feedback`] takes the
//! answers of attendees, by links that [`token`] signs. [`crm::Crm`], [`analytics::Analytics`] and
//! [`email::Transport`] are traits: what is not here takes one `impl`.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod analytics;
#[cfg(feature = "notify")]
mod clock;
pub mod crm;
#[cfg(any(feature = "notify", feature = "posthog", feature = "resend"))]
mod digest;
#[cfg(feature = "email")]
#[cfg_attr(docsrs, doc(cfg(feature = "email")))]
pub mod email;
#[cfg(feature = "store")]
#[cfg_attr(docsrs, doc(cfg(feature = "store")))]
pub mod feedback;
#[cfg(feature = "http")]
mod http;
#[cfg(any(feature = "email", feature = "notify"))]
mod money;
#[cfg(feature = "notify")]
#[cfg_attr(docsrs, doc(cfg(feature = "notify")))]
pub mod notify;
#[cfg(feature = "store")]
#[cfg_attr(docsrs, doc(cfg(feature = "store")))]
pub mod payments;
mod person;
pub mod sequence;
#[cfg(feature = "store")]
#[cfg_attr(docsrs, doc(cfg(feature = "store")))]
pub mod token;
mod typed;

#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use http::HttpError;
