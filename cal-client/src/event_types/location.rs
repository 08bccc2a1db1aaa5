//! Where an event type takes place.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{id::CredentialId, wire::open_enum};

/// A place where an event type can take place.
///
/// Cal.com's API description has `Input..Location_2024_06_14` and `Output..Location_2024_06_14`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EventTypeLocation {
    /// At an address.
    Address {
        /// The address.
        address: String,
        /// Whether it is shown before the booking.
        #[serde(default)]
        public: bool,
    },
    /// At an address that the guest gives.
    AttendeeAddress,
    /// At a place of any kind that the guest gives.
    AttendeeDefined,
    /// On the phone; the host calls the number that the guest gives.
    AttendeePhone,
    /// In a conference.
    Integration {
        /// Whose conference.
        integration: VideoApp,
        /// The address of the conference, if it is always the same; never sent.
        #[serde(default, skip_serializing)]
        link: Option<String>,
        /// The connected app; never sent.
        #[serde(default, skip_serializing)]
        credential_id: Option<CredentialId>,
    },
    /// At a web address.
    Link {
        /// The web address.
        link: String,
        /// Whether it is shown before the booking.
        #[serde(default)]
        public: bool,
    },
    /// In a conference of the app that the host prefers; only of event types of teams.
    OrganizersDefaultApp,
    /// On the phone; the guest calls this number.
    Phone {
        /// The number.
        phone: String,
        /// Whether it is shown before the booking.
        #[serde(default)]
        public: bool,
    },
    /// A place of a kind this version does not know, or Cal.com itself (`unknown`).
    #[serde(untagged)]
    Unknown(Value),
}

impl EventTypeLocation {
    /// Makes a conference.
    #[must_use]
    pub const fn integration(integration: VideoApp) -> Self {
        Self::Integration { integration, link: None, credential_id: None }
    }
}

open_enum! {
    /// An app for conferences. It must be installed before an event type can use it.
    pub enum VideoApp {
        /// Cal Video.
        CalVideo = "cal-video",
        /// Campfire.
        Campfire = "campfire-video",
        /// Demodesk.
        Demodesk = "demodesk-video",
        /// Discord.
        Discord = "discord-video",
        /// 8x8.
        EightXEight = "eightxeight-video",
        /// Element Call.
        ElementCall = "element-call-video",
        /// FaceTime.
        FaceTime = "facetime-video",
        /// Google Meet.
        GoogleMeet = "google-meet",
        /// Huddle01.
        Huddle = "huddle",
        /// Jelly.
        Jelly = "jelly-video",
        /// Jelly, by its other name.
        JellyConferencing = "jelly-conferencing",
        /// Jitsi Meet.
        Jitsi = "jitsi",
        /// MiroTalk.
        MiroTalk = "mirotalk-video",
        /// Microsoft Teams.
        Office365 = "office365-video",
        /// Ping.gg.
        Ping = "ping-video",
        /// Riverside.
        Riverside = "riverside-video",
        /// Roam.
        Roam = "roam-video",
        /// Salesroom.
        Salesroom = "salesroom-video",
        /// Shimmer.
        Shimmer = "shimmer-video",
        /// Signal.
        Signal = "signal-video",
        /// Sirius.
        Sirius = "sirius-video",
        /// Skype.
        Skype = "skype-video",
        /// Sylaps.
        Sylaps = "sylaps-video",
        /// Tandem.
        Tandem = "tandem",
        /// Telegram.
        Telegram = "telegram-video",
        /// Webex.
        Webex = "webex-video",
        /// WhatsApp.
        WhatsApp = "whatsapp-video",
        /// Whereby.
        Whereby = "whereby-video",
        /// Zoom.
        Zoom = "zoom",
    }
}
