//! Keeps contacts in the site's own database.

use cal_core::{BookingUid, Person};
use cal_store::{ContactDetails, NewActivity, SqlStore};
use cal_webhook::HookError;

use super::{Activity, Contact, ContactId, Crm, Points, Stage};

/// Keeps contacts in the site's own database; [`SqlStore::contacts`] shows them.
///
/// ```
/// use cal_hooks::crm::{CrmHook, LocalCrm};
/// use cal_store::SqlStore;
/// use cal_webhook::Dispatcher;
///
/// fn with_contacts(hooks: Dispatcher, store: SqlStore) -> Dispatcher {
///     hooks.hook(CrmHook::new(LocalCrm::new(store)))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct LocalCrm {
    store: SqlStore,
    overwrites: bool,
}

impl LocalCrm {
    /// Keeps contacts in a store, which may be the one that keeps the deliveries.
    #[must_use]
    pub fn new(store: SqlStore) -> Self {
        Self { store, overwrites: false }
    }

    /// Lets what an attendee types replace the name and the telephone number that are known, rather than
    /// fill them in.
    #[must_use]
    pub fn overwriting(mut self) -> Self {
        self.overwrites = true;
        self
    }
}

impl Crm for LocalCrm {
    async fn upsert_contact(&self, contact: &Contact) -> Result<ContactId, HookError> {
        let details = ContactDetails {
            name: contact.name.as_deref(),
            phone: contact.phone.as_deref(),
            time_zone: contact.time_zone.as_deref(),
            locale: contact.locale.as_deref(),
        };
        let email = match &contact.phone {
            // It is kept by the address that Cal.com makes up, as the deliveries name it.
            Some(phone) if contact.email.is_empty() => {
                let digits = phone.chars().filter(char::is_ascii_digit);
                digits.collect::<String>() + Person::MADE_UP
            }
            _ => contact.email.clone(),
        };
        let kept = match self.overwrites {
            true => self.store.upsert_contact(&email, details).await?,
            false => self.store.fill_contact(&email, details).await?,
        };
        Ok(ContactId(kept))
    }

    async fn record_activity(
        &self,
        contact: &ContactId,
        activity: &Activity,
    ) -> Result<(), HookError> {
        let activity = NewActivity {
            key: &activity.key,
            kind: activity.change.as_str(),
            uid: activity.uid.as_ref(),
            at: activity.at,
            note: activity.note.as_deref(),
        };
        self.store.record_activity(&contact.0, activity).await?;
        Ok(())
    }

    async fn set_stage(&self, contact: &ContactId, stage: Stage) -> Result<(), HookError> {
        self.store.set_stage(&contact.0, stage.as_str()).await?;
        Ok(())
    }

    async fn add_points(&self, contact: &ContactId, points: &Points) -> Result<(), HookError> {
        let Points { key, points, reason } = points;
        self.store.add_points(&contact.0, key, *points, reason).await?;
        Ok(())
    }

    async fn attendance(
        &self,
        contact: &ContactId,
        uid: &BookingUid,
        except: &str,
    ) -> Result<i32, HookError> {
        let points = self.store.attendance(&contact.0, uid, except).await?;
        Ok(i32::try_from(points).unwrap_or_default())
    }
}
