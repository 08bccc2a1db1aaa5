//! Mails to attendees and hosts.

mod attendees;
mod calendar;
mod clean;
mod facts;
mod files;
mod hosts;
mod invite;
mod kind;
mod letter;
mod links;
mod locale;
mod mail;
mod mailer;
mod mime;
mod money;
pub mod plan;
mod records;
#[cfg(feature = "resend")]
mod resend;
mod series;
#[cfg(feature = "smtp")]
mod smtp;
mod template;
mod told;
mod transport;
mod view;
mod zone;

pub use attendees::Attendees;
pub use calendar::{CalendarFile, Invitation, Method};
pub use files::Files;
pub use hosts::HostNotices;
pub use kind::Kind;
pub use links::LinkError;
pub use locale::LanguageError;
pub use mail::{AddressError, Mail, Mailbox};
pub use mailer::Mailer;
#[cfg(feature = "resend")]
#[cfg_attr(docsrs, doc(cfg(feature = "resend")))]
pub use resend::Resend;
pub use series::Series;
#[cfg(feature = "smtp")]
#[cfg_attr(docsrs, doc(cfg(feature = "smtp")))]
pub use smtp::{Smtp, SmtpError};
pub use template::{TemplateError, Texts};
pub use transport::Transport;
pub use view::{Button, Fact, View};
pub use zone::{Local, Zone, data_version};
