//! The locations of an event type.

use cal_client::{
    event_types::{EventTypeLocation, VideoApp},
    id::CredentialId,
};
use serde_json::json;

#[test]
fn a_location_of_any_kind_is_read_and_sent() {
    let address = EventTypeLocation::Address { address: "Main St 1".to_owned(), public: true };
    let new_app = VideoApp::Other("holo-video".to_owned());
    let unknown = json!({"type": "unknown", "location": "{}"});
    for (location, wire) in [
        (address, json!({"type": "address", "address": "Main St 1", "public": true})),
        (EventTypeLocation::AttendeePhone, json!({"type": "attendeePhone"})),
        (
            EventTypeLocation::integration(new_app),
            json!({"type": "integration", "integration": "holo-video"}),
        ),
        (EventTypeLocation::Unknown(unknown.clone()), unknown),
        (EventTypeLocation::Unknown(json!("an old text")), json!("an old text")),
        (
            EventTypeLocation::Unknown(json!({"type": "address", "address": null})),
            json!({"type": "address", "address": null}),
        ),
    ] {
        assert_eq!(serde_json::to_value(&location).unwrap(), wire);
        assert_eq!(serde_json::from_value::<EventTypeLocation>(wire).unwrap(), location);
    }
}

#[test]
fn what_a_server_adds_is_not_sent_back() {
    let wire = json!({"type": "integration", "integration": "zoom", "link": "https://a", "credentialId": 3});
    let location: EventTypeLocation = serde_json::from_value(wire).unwrap();
    assert_eq!(
        location,
        EventTypeLocation::Integration {
            integration: VideoApp::Zoom,
            link: Some("https://a".to_owned()),
            credential_id: Some(CredentialId(3)),
        }
    );
    assert_eq!(
        serde_json::to_value(location).unwrap(),
        json!({"type": "integration", "integration": "zoom"})
    );
}
