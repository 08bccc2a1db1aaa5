//! TLS with ring and the system's certificates.

use std::sync::Arc;

use rustls::{ClientConfig, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt as _;

use crate::error::{Error, Kind};

/// The provider is named, so that no other crate of the program has to install one.
pub(crate) fn config() -> Result<ClientConfig, Error> {
    let unusable = |error| Error::caused(Kind::Connect, "TLS cannot be used", error);
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = builder
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(unusable)?
        .with_no_client_auth();
    Ok(config)
}
