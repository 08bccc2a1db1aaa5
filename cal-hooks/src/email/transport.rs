//! What takes mails away.

use std::future::Future;

use cal_webhook::HookError;

use super::Mail;

/// What takes mails away: an SMTP server, an HTTP API, a folder.
///
/// A mail may be handed over again after a crash, with the same [`Mail::key`].
pub trait Transport: Send + Sync + 'static {
    /// Sends a mail.
    fn send(&self, mail: &Mail) -> impl Future<Output = Result<(), HookError>> + Send;
}
