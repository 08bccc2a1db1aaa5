//! Fields of booking forms.

use cal_client::event_types::{BookingField, FieldKind};
use serde_json::json;

#[test]
fn a_field_of_any_kind_is_read() {
    let read = |wire| serde_json::from_value::<BookingField>(wire).unwrap();

    let wire =
        json!({"isDefault": true, "type": "name", "slug": "name", "required": true, "label": null});
    let name = read(wire);
    assert_eq!((name.kind, &*name.slug, name.is_default), (FieldKind::Name, "name", true));
    assert_eq!((name.label, name.required, name.hidden), (None, Some(true), None));

    let unknown = read(json!({"type": "unknown", "slug": "unknown", "bookingField": {"a": 1}}));
    assert_eq!(unknown.kind, FieldKind::Unknown);
    assert_eq!(unknown.booking_field, Some(json!({"a": 1})));

    let new = read(json!({"type": "hologram", "slug": "h", "options": null, "depth": 3}));
    assert_eq!(new.kind, FieldKind::Other("hologram".to_owned()));
    assert_eq!(read(json!({})), BookingField::default());
}

#[test]
fn a_field_is_sent_as_the_server_knows_it() {
    for (field, wire) in [
        (
            BookingField::email("Mail", "a@b.c"),
            json!({"type": "email", "label": "Mail", "placeholder": "a@b.c"}),
        ),
        (
            BookingField::notes().hidden(true).required(false),
            json!({"slug": "notes", "hidden": true, "required": false}),
        ),
        (
            BookingField::radio_group("size", "Size?", ["S", "L"]).required(true),
            json!({"type": "radio", "slug": "size", "label": "Size?", "required": true,
                "hidden": false, "options": ["S", "L"]}),
        ),
    ] {
        assert_eq!(serde_json::to_value(field).unwrap(), wire);
    }
}

#[test]
fn what_a_server_shows_can_be_sent_back() {
    for (shown, sent) in [
        (
            json!({"isDefault": true, "type": "text", "slug": "title", "hidden": true}),
            json!({"slug": "title", "hidden": true}),
        ),
        (
            json!({"isDefault": true, "type": "phone", "slug": "attendeePhoneNumber"}),
            json!({"type": "phone", "slug": "attendeePhoneNumber"}),
        ),
        (
            json!({"isDefault": false, "type": "url", "slug": "site", "label": "Site"}),
            json!({"type": "url", "slug": "site", "label": "Site"}),
        ),
    ] {
        let field: BookingField = serde_json::from_value(shown).unwrap();
        assert_eq!(serde_json::to_value(field).unwrap(), sent);
    }
}
