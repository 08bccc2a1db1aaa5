//! Events that a page sends: only what is expected gets in.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{Event, reading::is_id};

/// How many bytes an event may have.
const LENGTH: usize = 4096;

/// Which properties the events have that a page may send.
const SCHEMAS: [(&str, &[&str]); 5] = [
    ("booker_viewed", &["device", "locale"]),
    ("booking_succeeded", &["device", "duration", "locale", "payment_required"]),
    ("event_type_selected", &["device", "duration", "locale"]),
    (
        "page_view",
        &["device", "locale", "path", "referrer", "utm_campaign", "utm_medium", "utm_source"],
    ),
    ("slots_viewed", &["days", "device", "locale", "slots"]),
];

/// Why what a page sent is no event.
///
/// It names the place and what belongs there, and nothing of what was sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SchemaError {
    path: String,
    expected: String,
}

impl SchemaError {
    /// Returns where the mistake is: `properties.path`; empty for the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    fn at(path: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { path: path.into(), expected: expected.into() }
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "expected {}", self.expected),
            path => write!(f, "expected {} at {path}", self.expected),
        }
    }
}

impl std::error::Error for SchemaError {}

impl Event {
    /// Reads an event that a page sent: an object in JSON of up to 4096 bytes.
    ///
    /// - `name`: `page_view`, `booker_viewed`, `event_type_selected`, `slots_viewed` or
    ///   `booking_succeeded`
    /// - `id`: a random id of the event, 1 to 64 of `A-Za-z0-9_-`; sent twice, it is one event
    /// - `visitor`: the page's random id of the visitor, like `id`; the page gives bookings the
    ///   same as `metadata[funnel_id]`
    /// - `service`, optional: the last part of the event type's link, up to 100 letters, digits,
    ///   `-`, `_` and `.`
    /// - `properties`, optional: an object of some of these
    ///   - `device`: `desktop`, `phone` or `tablet`
    ///   - `locale`: a language tag, up to 35 letters, digits and `-`
    ///   - `path`, of a `page_view`: the page's path, up to 200 characters without `?` and `#`
    ///   - `referrer`, of a `page_view`: the host of the page before, up to 253 letters, digits,
    ///     `-` and `.`
    ///   - `utm_campaign`, `utm_medium` and `utm_source`, of a `page_view`: up to 100 characters
    ///   - `duration`, of an `event_type_selected` or a `booking_succeeded`: minutes, 1 to 1440
    ///   - `days` and `slots`, of `slots_viewed`: how many were shown, 0 to 10000
    ///   - `payment_required`, of a `booking_succeeded`: `true` or `false`
    ///
    /// Other members are refused, and so is a text with an `@` in it, as it stands or as `%40`. The
    /// time is `now`, because a page's clock proves nothing. That a booking succeeded is only a
    /// hint here: the funnel goes by what Cal.com reports.
    ///
    /// # Errors
    ///
    /// Fails at the first member that is not as described.
    ///
    /// ```
    /// use cal_hooks::analytics::Event;
    /// use chrono::DateTime;
    ///
    /// let json = br#"{"name": "page_view", "id": "e1", "visitor": "v1"}"#;
    /// let event = Event::from_browser(json, DateTime::UNIX_EPOCH)?;
    /// assert_eq!(event.visitor, "v1");
    /// let mistake = Event::from_browser(br#"{"name": "page_view"}"#, DateTime::UNIX_EPOCH);
    /// assert_eq!(mistake.unwrap_err().path(), "id");
    /// # Ok::<(), cal_hooks::analytics::SchemaError>(())
    /// ```
    pub fn from_browser(json: &[u8], now: DateTime<Utc>) -> Result<Self, SchemaError> {
        if json.len() > LENGTH {
            return Err(SchemaError::at("", format!("at most {LENGTH} bytes")));
        }
        let read = serde_json::from_slice(json);
        let mut members: Map<String, Value> =
            read.map_err(|_| SchemaError::at("", "an object in JSON"))?;
        let (name, allowed) = name(members.remove("name").as_ref())?;
        let id = id("id", members.remove("id"))?;
        let visitor = self::id("visitor", members.remove("visitor"))?;
        let service = members.remove("service").map(service).transpose()?;
        let properties = match members.remove("properties") {
            None => Map::new(),
            Some(Value::Object(properties)) => properties,
            Some(_) => return Err(SchemaError::at("properties", "an object")),
        };
        if let Some(other) = members.keys().next() {
            return Err(SchemaError::at(shown("", other), "no such member"));
        }
        for (property, value) in &properties {
            let path = shown("properties.", property);
            if !allowed.contains(&property.as_str()) {
                return Err(SchemaError::at(path, format!("no such property of {name}")));
            }
            check(property, value).map_err(|expected| SchemaError::at(path, expected))?;
        }
        let key = format!("browser/{visitor}/{id}");
        Ok(Self { service, properties, ..Self::new(key, name.to_owned(), now, visitor) })
    }
}

/// Returns the name and which properties belong to it.
fn name(value: Option<&Value>) -> Result<(&'static str, &'static [&'static str]), SchemaError> {
    let found = value.and_then(Value::as_str);
    let schema = SCHEMAS.into_iter().find(|(name, _)| Some(*name) == found);
    schema.ok_or_else(|| {
        let names = SCHEMAS.map(|(name, _)| name).join(", ");
        SchemaError::at("name", format!("one of {names}"))
    })
}

fn id(member: &str, value: Option<Value>) -> Result<String, SchemaError> {
    match value {
        Some(Value::String(id)) if is_id(&id) => Ok(id),
        _ => Err(SchemaError::at(member, "a text of 1 to 64 of A-Za-z0-9_-")),
    }
}

fn service(value: Value) -> Result<String, SchemaError> {
    let is_slug = |text: &str| is_made_of(text, 100, |c| c.is_alphanumeric() || "-_.".contains(c));
    match value {
        Value::String(text) if is_slug(&text) => Ok(text),
        _ => Err(SchemaError::at("service", "a text of 1 to 100 letters, digits, -, _ and .")),
    }
}

/// Tells what is expected where a property is not as described.
fn check(property: &str, value: &Value) -> Result<(), &'static str> {
    let text = value.as_str().unwrap_or_default();
    let is_within = |most| value.as_u64().is_some_and(|number| number <= most);
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_plain = |c: char| !c.is_control();
    let (holds, expected) = match property {
        "days" | "slots" => (is_within(10_000), "a whole number from 0 to 10000"),
        "device" => {
            (matches!(text, "desktop" | "phone" | "tablet"), "one of desktop, phone, tablet")
        }
        "duration" => {
            (is_within(1440) && value.as_u64() != Some(0), "a whole number from 1 to 1440")
        }
        "locale" => (is_made_of(text, 35, is_letter), "a text of 1 to 35 letters, digits and -"),
        "path" => (
            text.starts_with('/') && is_made_of(text, 200, |c| is_plain(c) && !"?#".contains(c)),
            "a path of 1 to 200 characters without ?, # and @",
        ),
        "payment_required" => (value.is_boolean(), "true or false"),
        "referrer" => (
            is_made_of(text, 253, |c| is_letter(c) || c == '.'),
            "a host of 1 to 253 letters, digits, - and .",
        ),
        _ => (is_made_of(text, 100, is_plain), "a text of 1 to 100 characters without @"),
    };
    if holds { Ok(()) } else { Err(expected) }
}

/// Whether a text has 1 to `most` characters of a kind, and no e-mail address among them.
fn is_made_of(text: &str, most: usize, is_fine: impl Fn(char) -> bool) -> bool {
    let is_short = text.chars().nth(most).is_none();
    let has_at = text.contains(['@', '\u{fe6b}', '\u{ff20}']) || text.contains("%40");
    !text.is_empty() && is_short && !has_at && text.chars().all(is_fine)
}

/// Shows the name of a member, unless it could be anything.
fn shown(prefix: &str, member: &str) -> String {
    let member = if is_id(member) { member } else { "*" };
    format!("{prefix}{member}")
}
