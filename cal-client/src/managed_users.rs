//! Users that a platform customer manages (deprecated by Cal.com).

use cal_core::UserId;
use secrecy::SecretString;

use crate::{Client, auth::Tokens, error::Error};

/// Gets the next tokens of a managed user.
pub(crate) async fn renew(
    _client: &Client,
    _client_id: &str,
    _secret: &SecretString,
    _user: UserId,
    _old: &Tokens,
) -> Result<Tokens, Error> {
    Err(Error::new(crate::error::Kind::Auth, "not yet"))
}
