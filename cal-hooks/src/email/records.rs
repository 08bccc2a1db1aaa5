//! What the store and the site add, where there are any.

#[cfg(feature = "store")]
use std::sync::Arc;

use cal_core::{Booking, BookingUid, Person};
use cal_webhook::{Context, DeliveryId, HookError};
#[cfg(feature = "store")]
use chrono::{DateTime, TimeDelta, Utc};
#[cfg(feature = "store")]
use tokio::sync::OnceCell;
use url::Url;

#[cfg(feature = "store")]
use super::links::join;
use crate::sequence::Condition;
#[cfg(feature = "store")]
use crate::{
    feedback,
    token::{Purpose, Tokens},
};

/// How long feedback can be given after a meeting.
#[cfg(feature = "store")]
const FEEDBACK: TimeDelta = TimeDelta::days(30);

/// How long a link to unsubscribe works after the meeting; longer than anybody keeps such a mail.
#[cfg(feature = "store")]
const UNSUBSCRIBE: TimeDelta = TimeDelta::days(730);

/// What the store and the site add; without them it knows nothing and links nowhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    pub(super) site: Option<Url>,
    #[cfg(feature = "store")]
    pub(super) tokens: Option<Tokens>,
    #[cfg(feature = "store")]
    pub(super) store: Option<cal_store::SqlStore>,
    /// The tokens whose key the store keeps.
    #[cfg(feature = "store")]
    stored: Arc<OnceCell<Tokens>>,
}

/// How the calendar file of a delivery is told from others.
pub(super) struct Invite {
    pub(super) uid: String,
    pub(super) sequence: u32,
    /// Whether an invite is out.
    pub(super) stands: bool,
}

#[cfg(feature = "store")]
impl Records {
    /// Lets a task that came without its store ask this one what has changed meanwhile.
    pub(super) fn asking(&self, cx: &Context) -> Context {
        match &self.store {
            Some(store) => cx.clone().or_store(store.clone()),
            None => cx.clone(),
        }
    }

    /// Gets what links are signed with, before the first one is made.
    pub(super) async fn prepare(&self) -> Result<(), HookError> {
        if let (None, Some(store)) = (&self.tokens, &self.store) {
            self.stored.get_or_try_init(|| Tokens::of(store)).await?;
        }
        Ok(())
    }

    /// Whether readers can be given a way to unsubscribe.
    pub(super) fn can_unsubscribe(&self) -> bool {
        self.site.is_some() && (self.tokens.is_some() || self.store.is_some())
    }

    /// Returns the page where a booking can be rated once; in a shared slot, once by each reader.
    pub(super) fn feedback(&self, booking: &Booking, reader: &Person) -> Option<String> {
        let uid = booking.uid.as_ref()?;
        let subject = match booking.seats_per_time_slot {
            Some(_) => feedback::subject_of(uid, &cal_store::address_digest(&reader.email)),
            None => uid.to_string(),
        };
        self.link("feedback", Purpose::Feedback, &subject, later(booking.period()?.1, FEEDBACK))
    }

    /// Returns the address at which the reader of a mail unsubscribes.
    pub(super) fn unsubscribe(&self, email: &str, booking: &Booking) -> Option<String> {
        let digest = cal_store::address_digest(email);
        self.link(
            "unsubscribe",
            Purpose::Unsubscribe,
            &digest,
            later(booking.period()?.1, UNSUBSCRIBE),
        )
    }

    /// Whether an address is kept from getting mails that are not about a booking.
    pub(super) async fn is_suppressed(&self, email: &str) -> Result<bool, HookError> {
        match &self.store {
            Some(store) => Ok(store.is_suppressed(email).await?),
            None => Ok(false),
        }
    }

    /// Whether the conditions hold now for an attendee; fails for good when nobody can tell.
    pub(super) async fn hold(
        &self,
        conditions: &[Condition],
        uid: Option<&BookingUid>,
        reader: &Person,
    ) -> Result<bool, HookError> {
        let asked = conditions.iter().any(|condition| !matches!(condition, Condition::Service(_)));
        if !asked {
            return Ok(true);
        }
        let (Some(store), Some(uid)) = (&self.store, uid) else {
            return Err(unanswerable());
        };
        let standing = store.standing(uid, Some(&reader.email)).await?;
        Ok(conditions.iter().all(|condition| match condition {
            Condition::Attended => !standing.no_show,
            Condition::NotBookedAgain => !standing.booked_again,
            Condition::Paid => standing.paid,
            Condition::Service(_) => true,
        }))
    }

    /// Returns the booking as it was reported last.
    pub(super) async fn latest(&self, uid: &BookingUid) -> Result<Option<Booking>, HookError> {
        match &self.store {
            Some(store) => Ok(store.latest_booking(uid).await?),
            None => Ok(None),
        }
    }

    /// Whether an earlier delivery has told that somebody did not come: a mark that was taken back and
    /// set again is no news to them.
    pub(super) async fn was_absent(&self, cx: &Context, email: &str) -> Result<bool, HookError> {
        let (Some(store), Some(uid)) = (&self.store, cx.event().booking_uid()) else {
            return Ok(false);
        };
        Ok(store.was_absent(cx.delivery_id(), uid, email).await?)
    }

    /// Returns by which UID and sequence the file of a delivery goes for a reader.
    pub(super) async fn invite(
        &self,
        id: DeliveryId,
        email: &str,
    ) -> Result<Option<Invite>, HookError> {
        let Some(store) = &self.store else { return Ok(None) };
        let invite = store.invite(id, email).await?;
        Ok(invite.map(|cal_store::Invite { uid, sequence, stands, .. }| Invite {
            uid,
            sequence,
            stands,
        }))
    }

    fn link(
        &self,
        page: &str,
        purpose: Purpose,
        subject: &str,
        expires_at: DateTime<Utc>,
    ) -> Option<String> {
        let tokens = self.tokens.as_ref().or_else(|| self.stored.get())?;
        let token = tokens.sign(purpose, subject, expires_at);
        Some(join(self.site.as_ref()?, &[page, &token]).into())
    }
}

#[cfg(not(feature = "store"))]
#[expect(clippy::unused_async, reason = "with the feature `store`, the database is asked")]
impl Records {
    #[expect(clippy::unused_self, reason = "with the feature `store`, it may have one")]
    pub(super) fn asking(&self, cx: &Context) -> Context {
        cx.clone()
    }

    pub(super) async fn prepare(&self) -> Result<(), HookError> {
        Ok(())
    }

    pub(super) fn can_unsubscribe(&self) -> bool {
        false
    }

    pub(super) fn feedback(&self, _: &Booking, _: &Person) -> Option<String> {
        None
    }

    pub(super) fn unsubscribe(&self, _: &str, _: &Booking) -> Option<String> {
        None
    }

    pub(super) async fn is_suppressed(&self, _: &str) -> Result<bool, HookError> {
        Ok(false)
    }

    pub(super) async fn hold(
        &self,
        conditions: &[Condition],
        _: Option<&BookingUid>,
        _: &Person,
    ) -> Result<bool, HookError> {
        let asked = conditions.iter().any(|condition| !matches!(condition, Condition::Service(_)));
        if asked { Err(unanswerable()) } else { Ok(true) }
    }

    pub(super) async fn latest(&self, _: &BookingUid) -> Result<Option<Booking>, HookError> {
        Ok(None)
    }

    pub(super) async fn was_absent(&self, _: &Context, _: &str) -> Result<bool, HookError> {
        Ok(false)
    }

    pub(super) async fn invite(&self, _: DeliveryId, _: &str) -> Result<Option<Invite>, HookError> {
        Ok(None)
    }
}

fn unanswerable() -> HookError {
    HookError::permanent("a step has conditions that only a store can answer: give the mailer one")
}

#[cfg(feature = "store")]
fn later(at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
