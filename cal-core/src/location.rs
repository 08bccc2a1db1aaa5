//! Where a booking takes place.

use crate::wire::text_serde;

/// Where a booking takes place.
///
/// Cal.com puts a provider's code, a link, a phone number, an address or the name of a choice into
/// one string (`packages/app-store/locations.ts`). Since early 2026 a booking carries the meeting's
/// link as soon as it is known. Every value keeps its spelling: `as_str` gives back what came.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Location {
    /// A street address, a room, or any other text of the organiser or the guest.
    Address(String),
    /// At the attendee's place, not told yet (`attendeeInPerson`).
    AttendeeInPerson,
    /// The attendee is called, number not told yet (`phone`).
    AttendeePhone,
    /// Cal Video (`integrations:daily`).
    CalVideo,
    /// The organiser's default conferencing app (`conferencing`).
    Conferencing,
    /// Google Meet (`integrations:google:meet`).
    GoogleMeet,
    /// In person at the organiser's place, not told yet (`inPerson`).
    InPerson,
    /// Another conferencing app, with its prefix: `integrations:whereby_video`.
    Integration(String),
    /// A meeting link of the organiser, not told yet (`link`).
    Link,
    /// Microsoft Teams (`integrations:office365_video`).
    MicrosoftTeams,
    /// The organiser is called, number not told yet (`userPhone`).
    OrganizerPhone,
    /// A phone number that starts with `+`, as it was typed.
    Phone(String),
    /// A place the guest names, not told yet (`somewhereElse`).
    SomewhereElse,
    /// No location: the empty string.
    Unspecified,
    /// An address of a meeting or a web page, `http` or `https`.
    Url(String),
    /// Zoom (`integrations:zoom`).
    Zoom,
}

/// Every location that is one fixed word, with its spelling.
const WORDS: [(&str, Location); 12] = [
    ("", Location::Unspecified),
    ("attendeeInPerson", Location::AttendeeInPerson),
    ("conferencing", Location::Conferencing),
    ("inPerson", Location::InPerson),
    ("integrations:daily", Location::CalVideo),
    ("integrations:google:meet", Location::GoogleMeet),
    ("integrations:office365_video", Location::MicrosoftTeams),
    ("integrations:zoom", Location::Zoom),
    ("link", Location::Link),
    ("phone", Location::AttendeePhone),
    ("somewhereElse", Location::SomewhereElse),
    ("userPhone", Location::OrganizerPhone),
];

impl Location {
    /// Returns the meeting's link, when the location is one.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Url(url) => Some(url),
            _ => None,
        }
    }

    /// Returns the location as Cal.com spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Address(text) | Self::Integration(text) | Self::Phone(text) | Self::Url(text) => {
                text
            }
            word => WORDS.iter().find(|(_, known)| known == word).map_or("", |(text, _)| text),
        }
    }
}

impl From<&str> for Location {
    fn from(text: &str) -> Self {
        if let Some((_, word)) = WORDS.iter().find(|(known, _)| *known == text) {
            return word.clone();
        }
        let kind = if text.starts_with("integrations:") {
            Self::Integration
        } else if text.starts_with("https://") || text.starts_with("http://") {
            Self::Url
        } else if is_phone(text) {
            Self::Phone
        } else {
            Self::Address
        };
        kind(text.to_owned())
    }
}

text_serde!(Location);

/// Whether a text is `+` and at least five digits, with the usual separators.
fn is_phone(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('+') else { return false };
    rest.chars().filter(char::is_ascii_digit).count() >= 5
        && rest.chars().all(|c| c.is_ascii_digit() || " ()-./".contains(c))
}
