//! Sends mails over SMTP (RFC 5321).

mod fault;
mod server;

use std::{fmt, time::Duration};

use cal_webhook::{HookError, SecretError};
use lettre::{
    address::Envelope,
    transport::smtp::{Error, client::Certificate},
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time;

use self::server::Server;
use super::{Mail, Transport, mime};

/// How long one mail may take; a hook has 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Sends mails over SMTP, and keeps a few connections open.
///
/// A mail that is sent again after a crash has the same `Message-ID`; SMTP itself cannot tell, so a
/// mail may come twice when the server's last answer was lost.
///
/// Answers with 4xx and trouble with the connection are transient, answers with 5xx are permanent
/// (RFC 5321, section 4.2.1). Errors tell the code and the enhanced status (RFC 3463), and never
/// the server's words, which may hold an address. A mail that takes longer than 20 seconds is given
/// up for now.
///
/// ```
/// use cal_hooks::email::Smtp;
///
/// let smtp = Smtp::new("smtps://mail.example.com")?;
/// # Ok::<_, cal_hooks::email::SmtpError>(())
/// ```
pub struct Smtp {
    server: Server,
}

/// Why a mail server cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SmtpError {
    /// The certificate cannot be read.
    #[error("expected certificates in PEM")]
    Certificate,
    /// A password would travel in the clear.
    #[error("expected `smtps` or `tls=required` beside a password, except on this machine")]
    Exposed,
    /// TLS cannot be set up.
    #[error("could not set up TLS: {0}")]
    Tls(String),
    /// The address has white space around it, or is empty.
    #[error(transparent)]
    Malformed(#[from] SecretError),
    /// The address is none, or says something that nobody knows.
    #[error("expected `smtps://mail.example.com` or `smtp://mail.example.com?tls=required`")]
    Url,
}

impl Smtp {
    /// Reads a server's address: `smtps://user:password@host:port/name?tls=required`.
    ///
    /// | scheme  | `tls`           | port | connection                                     |
    /// |---------|-----------------|------|------------------------------------------------|
    /// | `smtps` |                 | 465  | TLS from the start (RFC 8314)                  |
    /// | `smtp`  | `required`      | 587  | TLS by STARTTLS, or none at all                |
    /// | `smtp`  | `opportunistic` | 587  | TLS when offered; who is between can hide that |
    /// | `smtp`  |                 | 25   | in the clear, for a server on this machine     |
    ///
    /// User and password, port and the name that is said in EHLO can be left out; percent-encode
    /// special characters. The name is `[127.0.0.1]` then, which some servers dislike. Certificates
    /// are verified as the platform does. It connects when the first mail is sent.
    ///
    /// # Errors
    ///
    /// Fails when the address cannot be read, when a password would travel in the clear to another
    /// machine, or when the platform's certificates cannot be used.
    pub fn new(url: impl Into<SecretString>) -> Result<Self, SmtpError> {
        Server::read(SecretError::check(url)?.expose_secret()).map(|server| Self { server })
    }

    /// Trusts the certificates of a PEM file as well, for servers with an authority of their own.
    ///
    /// # Errors
    ///
    /// Fails when there are no certificates in it.
    pub fn with_root(mut self, pem: &[u8]) -> Result<Self, SmtpError> {
        if !pem.windows(BEGIN.len()).any(|window| window == BEGIN) {
            return Err(SmtpError::Certificate);
        }
        let root = Certificate::from_pem(pem).map_err(|_| SmtpError::Certificate)?;
        self.server.trust(root).map_err(|_| SmtpError::Certificate)?;
        Ok(self)
    }

    /// Sends what is written down. Dropped halfway, it closes the connection.
    async fn deliver(&self, envelope: &Envelope, message: &[u8]) -> Result<(), Error> {
        let mut connection = self.server.connection().await?;
        connection.send(envelope, message).await?;
        self.server.keep(connection);
        Ok(())
    }
}

/// How a certificate begins in PEM (RFC 7468).
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

impl Transport for Smtp {
    async fn send(&self, mail: &Mail) -> Result<(), HookError> {
        let message = mime::message(mail).map_err(HookError::permanent)?;
        let (envelope, written) = (message.envelope(), message.formatted());
        match time::timeout(TIMEOUT, self.deliver(envelope, &written)).await {
            Ok(sent) => sent.map_err(|error| fault::sort(&error, envelope)),
            Err(_) => Err(HookError::transient("the mail server did not answer in time")),
        }
    }
}

/// Shows the host, and neither user nor password.
impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("host", &self.server.host).finish_non_exhaustive()
    }
}
