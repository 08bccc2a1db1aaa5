//! Managed users and organizations, which platform customers make.

use cal_client::{
    managed_orgs::MadeManagedOrg,
    managed_users::{MadeManagedUser, ManagedTokens},
};
use cal_core::{OrganizationId, UserId};
use secrecy::ExposeSecret as _;

#[test]
fn a_made_organization_hides_its_key() {
    let json = r#"{"id":1,"name":"Acme","slug":null,"apiKey":"cal_live_1","more":true}"#;
    let made: MadeManagedOrg = serde_json::from_str(json).unwrap();
    assert_eq!((made.organization.id, &*made.organization.name), (OrganizationId(1), "Acme"));
    assert!(!format!("{made:?}").contains("cal_live_1"));
}

#[test]
fn times_of_tokens_are_milliseconds() {
    let json =
        r#"{"accessToken":"a","accessTokenExpiresAt":1795241766782,"refreshTokenExpiresAt":1e300}"#;
    let tokens: ManagedTokens = serde_json::from_str(json).unwrap();
    let at = tokens.access_token_expires_at.unwrap();
    assert_eq!(at.to_rfc3339(), "2026-11-21T06:16:06.782+00:00");
    assert!(tokens.refresh_token.is_none() && tokens.refresh_token_expires_at.is_none());
}

#[test]
fn a_made_user_comes_with_its_tokens() {
    let json = r#"{"user":{"id":7,"email":null,"timeFormat":null,"new":1},"accessToken":"a","refreshToken":"b","accessTokenExpiresAt":0,"refreshTokenExpiresAt":0}"#;
    let made: MadeManagedUser = serde_json::from_str(json).unwrap();
    assert_eq!((made.user.id, &*made.user.email), (UserId(7), ""));
    assert_eq!(made.tokens.access_token.expose_secret(), "a");
    assert!(!format!("{made:?}").contains("\"a\""));
}
