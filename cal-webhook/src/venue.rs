//! The place of a booking in a form that can be compared but not read.

use cal_core::{Booking, Location};
use serde::{Deserialize, Serialize};

use crate::marks::{digest, short};

/// The place of a booking. Links and texts are digests, so that nothing personal is kept.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Venue {
    /// Nobody said.
    Nowhere,
    /// A choice of which the place will be told later, such as the host's link.
    Choice,
    /// A room of a provider that makes its link once the booking is accepted.
    Room(Provider),
    /// A link, with the provider whose links look like this.
    Link(Provider, String),
    /// An address, or a number.
    Text(String),
}

/// The services that make rooms for meetings.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Provider {
    Cal,
    Google,
    Microsoft,
    Zoom,
    Other,
}

impl Venue {
    /// Reads the place; before the room's link stands in the location, the metadata has it.
    pub(crate) fn of(booking: &Booking) -> Self {
        let made = || booking.metadata.as_ref()?.get("videoCallUrl")?.as_str();
        let link = |url: &str| Self::Link(Provider::of_link(url), mark(url));
        let room = |provider| match made().filter(|url| !url.is_empty()) {
            Some(url) => link(url),
            None => Self::Room(provider),
        };
        match booking.location.as_ref() {
            None | Some(Location::Unspecified) => made().map_or(Self::Nowhere, link),
            Some(Location::CalVideo) => room(Provider::Cal),
            Some(Location::GoogleMeet) => room(Provider::Google),
            Some(Location::MicrosoftTeams) => room(Provider::Microsoft),
            Some(Location::Zoom) => room(Provider::Zoom),
            Some(Location::Conferencing | Location::Integration(_)) => room(Provider::Other),
            Some(Location::Url(url)) => link(url),
            Some(Location::Address(text) | Location::Phone(text)) => Self::Text(mark(text)),
            Some(_) => Self::Choice,
        }
    }

    /// Whether both may be the same place: a room may have its link since, and a choice its place.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Choice, _)
            | (_, Self::Choice)
            | (Self::Nowhere, Self::Link(..) | Self::Room(_))
            | (Self::Link(..) | Self::Room(_), Self::Nowhere) => true,
            (Self::Room(room), Self::Link(of, _)) | (Self::Link(of, _), Self::Room(room)) => {
                *room == Provider::Other || room == of
            }
            _ => self == other,
        }
    }
}

impl Provider {
    fn of_link(url: &str) -> Self {
        let (_, rest) = url.split_once("://").unwrap_or(("", url));
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.to_lowercase();
        let is_below = |name: &&str| host == *name || host.ends_with(&format!(".{name}"));
        let is_of = |names: &[&str]| names.iter().any(is_below);
        match () {
            () if path.starts_with("video/") || is_of(&["daily.co"]) => Self::Cal,
            () if is_of(&["meet.google.com"]) => Self::Google,
            () if is_of(&["teams.microsoft.com", "teams.live.com"]) => Self::Microsoft,
            () if is_of(&["zoom.us", "zoom.com", "zoomgov.com"]) => Self::Zoom,
            () => Self::Other,
        }
    }
}

fn mark(text: &str) -> String {
    short(&digest(&[text.trim()]))
}

#[cfg(test)]
mod tests {
    use cal_core::Delivery;
    use serde_json::{Value, json};

    use super::*;

    fn venue(location: &str, made: Option<&str>) -> Venue {
        let payload = json!({"uid": "a", "location": location, "metadata": {"videoCallUrl": made}});
        let body: Value = json!({"triggerEvent": "BOOKING_LOCATION_UPDATED", "payload": payload});
        Venue::of(Delivery::parse(body.to_string()).event.booking().unwrap())
    }

    #[test]
    fn a_room_that_has_its_link_now_is_the_same_place() {
        for (code, link) in [
            ("integrations:daily", "https://app.cal.com/video/a"),
            ("integrations:google:meet", "https://meet.google.com/aaa"),
            ("integrations:office365_video", "https://teams.microsoft.com/l/1"),
            ("integrations:zoom", "https://us02web.zoom.us/j/1"),
            ("integrations:whereby_video", "https://rooms.example.com/1"),
            ("conferencing", "https://meet.google.com/aaa"),
            ("link", "https://rooms.example.com/1"),
            ("", "https://meet.google.com/aaa"),
        ] {
            assert!(venue(code, None).is_same(&venue(link, None)), "{code}");
            assert!(
                venue(code, Some(link)).is_same(&venue(link, None)) || code == "link",
                "{code}"
            );
            assert!(venue(link, None).is_same(&venue(code, None)), "{code}");
        }
    }

    #[test]
    fn another_place_is_another_one() {
        for (one, other) in [
            ("Main St 1", "Side St 2"),
            ("Main St 1", "https://meet.google.com/aaa"),
            ("+4722334455", "Main St 1"),
            ("integrations:daily", "Main St 1"),
            ("integrations:zoom", "https://rooms.example.com/1"),
            ("integrations:zoom", "integrations:daily"),
            ("https://meet.google.com/aaa", "https://meet.google.com/bbb"),
            ("", "Main St 1"),
        ] {
            assert!(!venue(one, None).is_same(&venue(other, None)), "{one} {other}");
        }
        let made = venue("integrations:daily", Some("https://app.cal.com/video/a"));
        assert!(!made.is_same(&venue("https://app.cal.com/video/b", None)));
    }
}
