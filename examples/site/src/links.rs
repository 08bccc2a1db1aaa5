//! What the links in mails are signed with.

use std::sync::Arc;

use calcom::{
    SqlStore,
    hooks::{feedback::Feedback, token::Tokens},
    webhook::StoreError,
};
use tokio::sync::OnceCell;

/// The tokens of links, whose key the database keeps; asked for when the first link is opened, so
/// that the site starts without its database.
#[derive(Clone)]
pub(crate) struct Links {
    pub(crate) store: SqlStore,
    tokens: Arc<OnceCell<Tokens>>,
}

impl Links {
    pub(crate) fn new(store: SqlStore) -> Self {
        Self { store, tokens: Arc::default() }
    }

    pub(crate) async fn tokens(&self) -> Result<&Tokens, StoreError> {
        self.tokens.get_or_try_init(|| Tokens::of(&self.store)).await
    }

    /// What asks attendees how it was.
    pub(crate) async fn feedback(&self) -> Result<Feedback, StoreError> {
        Ok(Feedback::new(self.store.clone(), self.tokens().await?.clone()))
    }
}
