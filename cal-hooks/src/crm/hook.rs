//! Tells a CRM what happens to bookings.

use std::time::Duration;

use cal_webhook::{Context, HookError, Lifecycle};

use super::{
    Contact, ContactId, Crm, Points, Stage,
    news::{self, Deed, News, Presence},
};
use crate::person;

/// What coming to a meeting is worth.
const CAME: i32 = 15;

/// What staying away is worth.
const STAYED_AWAY: i32 = -15;

/// Tells a CRM what happens to bookings: contacts, activities, stages and a lead score.
///
/// The booker, who is the first attendee, becomes a contact with activities and points; of a booking
/// with seats so does everybody listed, but of a payment only who has paid, where Cal.com names them.
/// Guests become contacts, no more. Hosts are left out, and people of whom neither an e-mail address
/// nor a telephone number is known. Marks of
/// absence name attendees by their address alone and count for each of them.
///
/// | what happens | points | stage |
/// |---|---|---|
/// | a form is filled in | +5 | lead |
/// | a booking is requested, or its payment is due | 0 | lead |
/// | booked | +20 | opportunity |
/// | rescheduled | 0 | opportunity |
/// | paid | +30 | customer |
/// | a meeting ends whose attendee nobody marked as absent | +15 | customer |
/// | marked as absent | −15 | |
/// | the mark is taken back | +15 | customer |
/// | cancelled by whomever | −10 | lead |
/// | declined by the host | 0 | lead |
/// | rated with 4 or 5, see [`CrmHook::rated`] | +10 | |
///
/// No-show fees, reassigned hosts, new locations, hosts who did not join, requests for another time
/// and forms that no booking followed are activities only. Coming counts once: with
/// [`Crm::attendance`] a mark of absence that comes after the end also takes back what the end gave.
///
/// Every key begins with [`Context::idempotency_key`], so a task that runs again changes nothing. An
/// operator's replay is another delivery: it counts again.
///
/// ```
/// use cal_hooks::crm::{Crm, CrmHook};
/// use cal_webhook::Dispatcher;
///
/// fn with_crm(hooks: Dispatcher, crm: impl Crm) -> Dispatcher {
///     hooks.hook(CrmHook::new(crm).named("hubspot"))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CrmHook<C> {
    name: String,
    crm: C,
}

impl<C: Crm> CrmHook<C> {
    /// Makes a hook of the name `crm`.
    #[must_use]
    pub fn new(crm: C) -> Self {
        Self { name: "crm".to_owned(), crm }
    }

    /// Gives the hook another name: two CRMs need two.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Tells the CRM that somebody rated a meeting with 1 to 5; only 4 and 5 are worth something.
    ///
    /// No delivery brings ratings, so whoever takes them calls this, with a key that is the
    /// rating's own.
    ///
    /// # Errors
    ///
    /// Fails when the CRM does.
    pub async fn rated(&self, email: &str, key: &str, rating: u8) -> Result<(), HookError> {
        let Some(email) = person::address(email).filter(|_| rating >= 4) else { return Ok(()) };
        let contact = Contact { email, ..Contact::default() };
        let contact = self.crm.upsert_contact(&contact).await?;
        self.add(&contact, key, 10, "liked the meeting").await
    }

    async fn tell(&self, news: News) -> Result<(), HookError> {
        let contact = self.crm.upsert_contact(&news.contact).await?;
        let Some(deed) = news.deed else { return Ok(()) };
        self.crm.record_activity(&contact, &deed.activity).await?;
        let (stage, points, reason) = match deed.presence {
            Some(presence) => self.attend(&contact, &deed, presence).await?,
            None => deed.worth,
        };
        if let Some(stage) = stage {
            self.crm.set_stage(&contact, stage).await?;
        }
        self.add(&contact, &deed.activity.key, points, reason).await
    }

    /// Judges whether somebody came by what was said before.
    async fn attend(
        &self,
        contact: &ContactId,
        deed: &Deed,
        presence: Presence,
    ) -> Result<(Option<Stage>, i32, &'static str), HookError> {
        let before = match &deed.activity.uid {
            Some(uid) => self.crm.attendance(contact, uid, &deed.activity.key).await?,
            None => 0,
        };
        Ok(match presence {
            // A host knows better than the clock.
            Presence::Over if before < 0 => (None, 0, ""),
            Presence::Over => (Some(Stage::Customer), CAME.saturating_sub(before), "came"),
            Presence::Absent => (None, STAYED_AWAY.saturating_sub(before), "did not come"),
            Presence::Present => {
                (Some(Stage::Customer), CAME.saturating_sub(before), "came after all")
            }
        })
    }

    async fn add(
        &self,
        contact: &ContactId,
        key: &str,
        points: i32,
        reason: &'static str,
    ) -> Result<(), HookError> {
        if points == 0 {
            return Ok(());
        }
        let points = Points { key: format!("{key}/points"), points, reason };
        self.crm.add_points(contact, &points).await
    }
}

impl<C: Crm> Lifecycle for CrmHook<C> {
    fn name(&self) -> &str {
        &self.name
    }

    /// Who was let go is moved to no stage.
    fn hears_of_the_past(&self) -> bool {
        false
    }

    /// Each attendee of a shared slot takes several calls.
    fn timeout(&self) -> Duration {
        Duration::from_secs(120)
    }

    /// Every lifecycle method ends here, because none is written.
    async fn on_any(&self, cx: &Context) -> Result<(), HookError> {
        let newest = cx.newest().await?;
        for news in news::of(cx, newest) {
            self.tell(news).await?;
        }
        Ok(())
    }
}
