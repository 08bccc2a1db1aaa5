//! Asking attendees how it was, by links that are good for one answer.

use cal_core::BookingUid;
use cal_store::SqlStore;
use cal_webhook::StoreError;
use chrono::{DateTime, Utc};

use crate::token::{Purpose, TokenError, Tokens};

/// Makes the links of feedback requests, and takes the answers.
///
/// What comes in is kept by the store: see [`SqlStore::feedback`] and [`SqlStore::services`].
#[derive(Clone, Debug)]
pub struct Feedback {
    store: SqlStore,
    tokens: Tokens,
}

/// What a link asks about.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Asked {
    /// The booking.
    pub uid: BookingUid,
    /// The service: the last part of the event type's link.
    pub service: Option<String>,
    /// The title that attendees see.
    pub title: Option<String>,
}

/// Why a link or an answer is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedbackError {
    /// The link was answered before.
    #[error("expected a link that was not answered yet")]
    Answered,
    /// The link's time is up.
    #[error("the link has expired")]
    Expired,
    /// It is no link of ours.
    #[error("expected a link that this site has signed")]
    Forged,
    /// The rating is none.
    #[error("expected a rating from 1 to 5, found {0}")]
    Rating(u8),
    /// The store is out of reach.
    #[error("the answer could not be looked up or kept")]
    Store(#[source] StoreError),
}

impl Feedback {
    /// Keeps answers in a store, and signs links with these tokens.
    #[must_use]
    pub fn new(store: SqlStore, tokens: Tokens) -> Self {
        Self { store, tokens }
    }

    /// Returns the link that asks about a booking: `https://example.com/feedback/...`.
    ///
    /// The same booking and expiry make the same link, so a mail that is sent again holds no second
    /// one. `base_url` is the site's address, with or without a slash at its end.
    #[must_use]
    pub fn link(&self, base_url: &str, uid: &BookingUid, expires_at: DateTime<Utc>) -> String {
        let token = self.tokens.sign(Purpose::Feedback, uid.as_str(), expires_at);
        format!("{}/feedback/{token}", base_url.trim_end_matches('/'))
    }

    /// Returns what a link asks about, so that a page can ask it.
    ///
    /// # Errors
    ///
    /// Fails when the link is not ours, has expired or was answered, or when the store is out of
    /// reach.
    pub async fn open(&self, token: &str, now: DateTime<Utc>) -> Result<Asked, FeedbackError> {
        let uid = self.read(token, now)?;
        if self.store.has_feedback(token).await? {
            return Err(FeedbackError::Answered);
        }
        let known = self.store.appointment(&uid).await?;
        let (service, title) = known.map_or((None, None), |known| (known.service, known.title));
        Ok(Asked { uid, service, title })
    }

    /// Keeps an answer and an event `feedback_given`, in one transaction.
    ///
    /// The rating goes from 1, the worst, to 5. Of the comment 2000 characters are kept.
    ///
    /// # Errors
    ///
    /// Fails like [`Feedback::open`], and when the rating is none. Of two answers at the same time
    /// one fails.
    pub async fn answer(
        &self,
        token: &str,
        rating: u8,
        comment: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), FeedbackError> {
        let uid = self.read(token, now)?;
        if !(1..=5).contains(&rating) {
            return Err(FeedbackError::Rating(rating));
        }
        match self.store.keep_feedback(token, &uid, rating, comment, now).await? {
            true => Ok(()),
            false => Err(FeedbackError::Answered),
        }
    }

    fn read(&self, token: &str, now: DateTime<Utc>) -> Result<BookingUid, FeedbackError> {
        let subject = self.tokens.open(Purpose::Feedback, token, now)?;
        Ok(subject.split(BETWEEN).next().unwrap_or_default().into())
    }
}

/// What stands between a booking and one of those who share it; no uid holds it.
const BETWEEN: char = '\n';

/// Returns the subject of somebody's own link about a booking that several share.
#[cfg(feature = "email")]
pub(crate) fn subject_of(uid: &BookingUid, whose: &str) -> String {
    format!("{uid}{BETWEEN}{whose}")
}

impl From<StoreError> for FeedbackError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<TokenError> for FeedbackError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Expired => Self::Expired,
            TokenError::Forged => Self::Forged,
        }
    }
}
