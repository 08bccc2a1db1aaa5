//! A mail server and the connections to it that nobody uses just now.
//!
//! lettre has a pool, too. It takes back connections whose mail was given up halfway, where the
//! next mail would be written into the middle of that one; here they are closed.

use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, Certificate, TlsParameters},
    extension::ClientId,
};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::SmtpError;

/// How many idle connections are kept.
const IDLE: usize = 4;

/// How long they are kept; servers wait for five minutes (RFC 5321, section 4.5.3.2.7).
const AGE: Duration = Duration::from_secs(60);

pub(super) struct Server {
    pub(super) host: String,
    port: u16,
    security: Security,
    tls: TlsParameters,
    roots: Vec<Certificate>,
    name: ClientId,
    credentials: Option<Credentials>,
    idle: Mutex<Vec<(Instant, AsyncSmtpConnection)>>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Security {
    Implicit,
    None,
    Opportunistic,
    Required,
}

impl Server {
    /// Reads its address.
    pub(super) fn read(url: &str) -> Result<Self, SmtpError> {
        let url = Url::parse(url).map_err(|_| SmtpError::Url)?;
        let (security, port) = security(&url)?;
        let host = match url.host().ok_or(SmtpError::Url)? {
            Host::Domain(domain) => domain.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let credentials = credentials(&url)?;
        let exposed = matches!(security, Security::None | Security::Opportunistic);
        if credentials.is_some() && exposed && !is_here(&host) {
            return Err(SmtpError::Exposed);
        }
        let tls = TlsParameters::new(host.clone());
        Ok(Self {
            port: url.port().unwrap_or(port),
            security,
            tls: tls.map_err(|error| SmtpError::Tls(error.to_string()))?,
            roots: Vec::new(),
            name: match url.path().trim_matches('/') {
                "" => ClientId::default(),
                name => ClientId::Domain(name.to_owned()),
            },
            credentials,
            idle: Mutex::default(),
            host,
        })
    }

    /// Trusts one more authority.
    pub(super) fn trust(&mut self, root: Certificate) -> Result<(), Error> {
        self.roots.push(root);
        let mut tls = TlsParameters::builder(self.host.clone());
        for root in &self.roots {
            tls = tls.add_root_certificate(root.clone());
        }
        self.tls = tls.build()?;
        Ok(())
    }

    /// Takes a connection that still answers, or makes one.
    pub(super) async fn connection(&self) -> Result<AsyncSmtpConnection, Error> {
        while let Some(mut connection) = self.idle_one() {
            if connection.test_connected().await {
                return Ok(connection);
            }
        }
        self.connect().await
    }

    /// Keeps a connection whose mail was taken.
    pub(super) fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(since, _)| since.elapsed() < AGE);
        if idle.len() < IDLE && !connection.has_broken() {
            idle.push((Instant::now(), connection));
        }
    }

    /// Takes the connection that was used last.
    fn idle_one(&self) -> Option<AsyncSmtpConnection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(since, _)| since.elapsed() < AGE);
        idle.pop().map(|(_, connection)| connection)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let implicit = (self.security == Security::Implicit).then(|| self.tls.clone());
        let place = (self.host.as_str(), self.port);
        let connect = AsyncSmtpConnection::connect_tokio1(place, None, &self.name, implicit, None);
        let mut connection = connect.await?;
        let upgrade = match self.security {
            Security::Implicit | Security::None => false,
            Security::Opportunistic => connection.can_starttls(),
            // It fails when the server does not offer it.
            Security::Required => true,
        };
        if upgrade {
            connection.starttls(self.tls.clone(), &self.name).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

/// Reads how the connection is secured, and which port is usual for that.
fn security(url: &Url) -> Result<(Security, u16), SmtpError> {
    let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value);
    match (url.scheme(), tls.as_deref()) {
        ("smtps", None) => Ok((Security::Implicit, 465)),
        ("smtp", Some("required")) => Ok((Security::Required, 587)),
        ("smtp", Some("opportunistic")) => Ok((Security::Opportunistic, 587)),
        ("smtp", None) => Ok((Security::None, 25)),
        _ => Err(SmtpError::Url),
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SmtpError> {
    let password = match (url.username(), url.password()) {
        ("", None) => return Ok(None),
        (_, password) => password.ok_or(SmtpError::Url)?,
    };
    let plain = |text| percent_decode_str(text).decode_utf8().map_err(|_| SmtpError::Url);
    let (user, password) = (plain(url.username())?, plain(password)?);
    Ok(Some(Credentials::new(user.into_owned(), password.into_owned())))
}

/// Whether what is sent there stays on this machine.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
