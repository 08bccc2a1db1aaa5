//! OAuth 2 for apps that other Cal.com users sign in to.

use secrecy::SecretString;

use crate::{Client, auth::Tokens, error::Error};

/// Gets the next tokens for a refresh token.
pub(crate) async fn refresh(
    _client: &Client,
    _client_id: &str,
    _client_secret: Option<&SecretString>,
    _refresh: &SecretString,
) -> Result<Tokens, Error> {
    Err(Error::new(crate::error::Kind::Auth, "not yet"))
}
