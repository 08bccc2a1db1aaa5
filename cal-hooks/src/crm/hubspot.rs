//! Keeps contacts in HubSpot.

mod api;
mod meeting;

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use cal_webhook::{HookError, SecretError};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use self::{
    api::{Answer, Api},
    meeting::Outcome,
};
use super::{Activity, Contact, ContactId, Crm, Points, Stage};
use crate::http::{self, HttpError};

const CONTACTS: &str = "crm/v3/objects/contacts";
const MEETINGS: &str = "crm/v3/objects/meetings";

/// The property of meetings that holds the booking's uid, a hyphen and the contact's id; HubSpot
/// keeps its values unique.
const BOOKING: &str = "calcom_booking";

/// The properties that people maintain in the CRM and attendees type when they book.
const MAINTAINED: &str = "firstname,lastname,phone";

/// How many keys of points are remembered for each contact.
const REMEMBERED: usize = 50;

/// Keeps contacts in HubSpot, by its CRM API version 3.
///
/// The token is that of a private app with the scopes `crm.objects.contacts.read` and `.write`. On
/// first use a property `calcom_booking` is made for meetings, for which the app also needs the
/// scopes
/// `crm.schemas.contacts.read` and `.write`; make it by hand instead if you like, as a single-line
/// text that requires unique values.
///
/// **Contacts** are found by their e-mail address, and people without one by their telephone number. A
/// name that Cal.com does not tell in parts is split at its last space. Names and telephone numbers that
/// are there already stay, unless you choose [`HubSpot::overwriting`]. HubSpot keeps time zones and
/// languages as lists of its own; they are left out.
///
/// **Activities** become meetings, one for each booking and contact, so that each seat of a booking
/// has its own. They are found by the unique property: the same activity twice makes one meeting.
/// It is looked for before it is made. If it comes into being between the two, HubSpot refuses the
/// second one, and that one is looked for again; so the only window for two of them is whatever
/// HubSpot itself leaves open in keeping values unique, which its documentation does not state. A
/// meeting that somebody deleted is made again by the next news, and so is that of a contact whose
/// id changed because it was merged with another. An activity without a booking leaves no trace,
/// nor does one without a start whose meeting is not there.
///
/// **Outcomes** go from `SCHEDULED` to `COMPLETED`, `NO_SHOW`, `RESCHEDULED` or `CANCELED`, and
/// never back, in whichever order news comes, except that a mark of absence that is taken back makes
/// it `COMPLETED`; one that a person chose from others stays. A booking
/// that waits for its host or for its payment has none.
///
/// **Stages** are the default values of the lifecycle stage, and only go forward. A stage that your
/// account has added stays.
///
/// **Points** are left out unless you name a property, see [`HubSpot::score_property`].
///
/// Facts from `developers.hubspot.com`: the guides to contacts, meetings, properties and
/// associations, and its page on errors.
pub struct HubSpot {
    api: Api,
    score: Option<String>,
    overwrites: bool,
    has_booking: AtomicBool,
    has_score: AtomicBool,
}

impl HubSpot {
    /// Makes a client of the account that a private app's token belongs to.
    ///
    /// # Errors
    ///
    /// Fails when TLS cannot be set up, and when the token is empty or has white space around it.
    pub fn new(token: impl Into<SecretString>) -> Result<Self, HttpError> {
        Ok(Self {
            api: Api::new(http::client()?, SecretError::check(token)?),
            score: None,
            overwrites: false,
            has_booking: AtomicBool::new(false),
            has_score: AtomicBool::new(false),
        })
    }

    /// Asks another server, for tests; `https://api.hubapi.com` by default.
    #[must_use]
    pub fn base_url(mut self, base: impl Into<String>) -> Self {
        self.api.set_base(base.into());
        self
    }

    /// Lets what an attendee types replace the name and the telephone number that are known, rather than
    /// fill them in.
    #[must_use]
    pub fn overwriting(mut self) -> Self {
        self.overwrites = true;
        self
    }

    /// Adds points to a number property of contacts; made on first use if it is missing.
    ///
    /// Beside it, `<name>_keys` remembers the last 50 keys, which are written together with the
    /// sum: points of an attempt that was repeated count once. HubSpot has no way to add, so of
    /// two sums written at the same moment for one contact one is lost.
    #[must_use]
    pub fn score_property(mut self, name: impl Into<String>) -> Self {
        self.score = Some(name.into());
        self
    }
}

impl Crm for HubSpot {
    async fn upsert_contact(&self, contact: &Contact) -> Result<ContactId, HookError> {
        let mut properties = person(contact);
        let known = match (&*contact.email, &contact.phone) {
            ("", None) => {
                let message = "expected a contact with an e-mail address or a telephone number";
                return Err(HookError::permanent(message));
            }
            ("", Some(phone)) => self.called(phone).await?,
            (email, _) => {
                let query = [("idProperty", "email"), ("properties", MAINTAINED)];
                match self.api.read(CONTACTS, &[email], &query).await? {
                    Answer::Missing => None,
                    found => Some(found.done()?),
                }
            }
        };
        if let Some(known) = known {
            let id = ContactId(api::id(&known)?);
            let news = self.news(properties, &known);
            if !news.is_empty() {
                self.change(&id, &Value::Object(news)).await?;
            }
            return Ok(id);
        }
        if !contact.email.is_empty() {
            properties.insert("email".to_owned(), contact.email.as_str().into());
        }
        let body = json!({ "properties": properties });
        match self.api.write(Method::POST, CONTACTS, &[], &[], &body).await? {
            // Somebody else made it in between: the next attempt finds it.
            Answer::Clash(clash) if clash.status == 409 => Err(HookError::transient(clash.message)),
            made => Ok(ContactId(api::id(&made.done()?)?)),
        }
    }

    async fn record_activity(
        &self,
        contact: &ContactId,
        activity: &Activity,
    ) -> Result<(), HookError> {
        let uid = activity.uid.as_ref();
        let old = activity.moved_from.as_ref().filter(|old| Some(*old) != uid);
        if uid.is_none() && old.is_none() {
            return Ok(());
        }
        self.prepare_meetings().await?;
        if let Some(old) = old {
            self.close(&meeting::key(old, contact)).await?;
        }
        let Some(uid) = uid else { return Ok(()) };
        let key = meeting::key(uid, contact);
        if let Some(meeting) = self.meeting(&key).await? {
            return self.update(&meeting, activity).await;
        }
        let Some(start) = activity.start else { return Ok(()) };
        let new = meeting::new(&key, start, contact, activity);
        match self.api.write(Method::POST, MEETINGS, &[], &[], &new).await? {
            // Refused because somebody else made it in between, if it is there now.
            Answer::Clash(clash) => match self.meeting(&key).await? {
                Some(meeting) => self.update(&meeting, activity).await,
                None => Err(clash.into()),
            },
            made => made.done().map(drop),
        }
    }

    async fn set_stage(&self, contact: &ContactId, stage: Stage) -> Result<(), HookError> {
        let known = self.contact(contact, "lifecyclestage").await?;
        let value = stage.as_str();
        // HubSpot only takes steps forward, so none back is asked for.
        if rank(property(&known, "lifecyclestage")) >= rank(value) {
            return Ok(());
        }
        self.change(contact, &json!({ "lifecyclestage": value })).await
    }

    async fn add_points(&self, contact: &ContactId, points: &Points) -> Result<(), HookError> {
        let Some(score) = &self.score else { return Ok(()) };
        let memory = format!("{score}_keys");
        self.prepare_score(score, &memory).await?;
        let known = self.contact(contact, &format!("{score},{memory}")).await?;
        let key = points.key.replace('\n', " ");
        let mut keys: Vec<_> = property(&known, &memory).lines().collect();
        if keys.contains(&&*key) {
            return Ok(());
        }
        keys.push(&key);
        let forgotten = keys.len().saturating_sub(REMEMBERED);
        let keys = keys.split_off(forgotten).join("\n");
        let sum = property(&known, score).parse().unwrap_or(0.0) + f64::from(points.points);
        self.change(contact, &json!({ score: sum.to_string(), &memory: keys })).await
    }
}

impl HubSpot {
    /// Finds a contact by the telephone number.
    async fn called(&self, phone: &str) -> Result<Option<Value>, HookError> {
        let is_theirs = json!({ "propertyName": "phone", "operator": "EQ", "value": phone });
        let body = json!({
            "filterGroups": [{ "filters": [is_theirs] }],
            "properties": MAINTAINED.split(',').collect::<Vec<_>>(),
            "limit": 1,
        });
        let found =
            self.api.write(Method::POST, CONTACTS, &["search"], &[], &body).await?.done()?;
        Ok(found.get("results").and_then(|results| results.get(0)).cloned())
    }

    /// Returns what is to be changed of a contact: what is blank, and the name only as a whole.
    fn news(&self, mut properties: Map<String, Value>, known: &Value) -> Map<String, Value> {
        let is_blank = |name: &str| property(known, name).is_empty();
        if self.overwrites {
            properties.retain(|name, value| Some(property(known, name)) != value.as_str());
            return properties;
        }
        let has_no_name = is_blank("firstname") && is_blank("lastname");
        properties.retain(|name, _| is_blank(name) && (has_no_name || name == "phone"));
        properties
    }

    /// Reads some properties of a contact.
    async fn contact(&self, contact: &ContactId, names: &str) -> Result<Value, HookError> {
        self.api.read(CONTACTS, &[&contact.0], &[("properties", names)]).await?.done()
    }

    async fn change(&self, contact: &ContactId, properties: &Value) -> Result<(), HookError> {
        let body = json!({ "properties": properties });
        self.api.write(Method::PATCH, CONTACTS, &[&contact.0], &[], &body).await?.done().map(drop)
    }

    async fn meeting(&self, key: &str) -> Result<Option<Value>, HookError> {
        let query = [("idProperty", BOOKING), ("properties", meeting::OUTCOME)];
        match self.api.read(MEETINGS, &[key], &query).await? {
            Answer::Missing => Ok(None),
            found => found.done().map(Some),
        }
    }

    async fn update(&self, meeting: &Value, activity: &Activity) -> Result<(), HookError> {
        let news = meeting::news(activity, property(meeting, meeting::OUTCOME));
        self.revise(&api::id(meeting)?, news).await
    }

    /// Marks the meeting of a booking that was replaced, if there is one.
    async fn close(&self, key: &str) -> Result<(), HookError> {
        let Some(meeting) = self.meeting(key).await? else { return Ok(()) };
        let mut news = Map::new();
        Outcome::Rescheduled.put(&mut news, property(&meeting, meeting::OUTCOME));
        self.revise(&api::id(&meeting)?, news).await
    }

    async fn revise(&self, id: &str, news: Map<String, Value>) -> Result<(), HookError> {
        if news.is_empty() {
            return Ok(());
        }
        let body = json!({ "properties": news });
        self.api.write(Method::PATCH, MEETINGS, &[id], &[], &body).await?.done().map(drop)
    }

    async fn prepare_meetings(&self) -> Result<(), HookError> {
        if self.has_booking.load(Ordering::Relaxed) {
            return Ok(());
        }
        let property = json!({
            "name": BOOKING, "label": "Cal.com booking", "groupName": api::GROUP,
            "type": "string", "fieldType": "text", "hasUniqueValue": true,
        });
        let found = self.api.prepare("meetings", BOOKING, &property).await?;
        if found.get("hasUniqueValue") != Some(&Value::Bool(true)) {
            let message = "expected a property calcom_booking of meetings with unique values";
            return Err(HookError::permanent(format!("{}: {message}", api::NAME)));
        }
        self.has_booking.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn prepare_score(&self, score: &str, memory: &str) -> Result<(), HookError> {
        if self.has_score.load(Ordering::Relaxed) {
            return Ok(());
        }
        let sum = json!({
            "name": score, "label": "Cal.com score", "groupName": api::GROUP,
            "type": "number", "fieldType": "number",
        });
        let keys = json!({
            "name": memory, "label": "Cal.com score: counted", "groupName": api::GROUP,
            "type": "string", "fieldType": "textarea",
        });
        self.api.prepare("contacts", score, &sum).await?;
        self.api.prepare("contacts", memory, &keys).await?;
        self.has_score.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl fmt::Debug for HubSpot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubSpot").field("score", &self.score).finish_non_exhaustive()
    }
}

/// Returns the properties of a contact that are known besides the address.
fn person(contact: &Contact) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut put = |name: &str, value: &str| {
        if !value.is_empty() {
            properties.insert(name.to_owned(), value.into());
        }
    };
    let name = contact.name.as_deref().unwrap_or_default().trim();
    let (first, last) = match (contact.first_name.as_deref(), contact.last_name.as_deref()) {
        (None, None) => name.rsplit_once(char::is_whitespace).unwrap_or((name, "")),
        // The other part is the rest of the name.
        (Some(first), None) => (first, name.strip_prefix(first).unwrap_or_default()),
        (None, Some(last)) => (name.strip_suffix(last).unwrap_or_default(), last),
        (Some(first), Some(last)) => (first, last),
    };
    put("firstname", first.trim());
    put("lastname", last.trim());
    put("phone", contact.phone.as_deref().unwrap_or_default());
    properties
}

/// Returns a property's value, empty when there is none.
fn property<'a>(object: &'a Value, name: &str) -> &'a str {
    let value = object.get("properties").and_then(|properties| properties.get(name)?.as_str());
    value.unwrap_or_default()
}

/// Returns the place of a lifecycle stage among HubSpot's own; others come last.
fn rank(stage: &str) -> usize {
    const STAGES: [&str; 6] =
        ["", "subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity"];
    STAGES.iter().position(|known| *known == stage).unwrap_or(STAGES.len())
}
