//! Event types, and settings that may be off.

use cal_client::event_types::{
    BookingWindow, EventType, Frequency, HostPriority, Recurrence, Toggle,
};
use cal_core::EventTypeId;
use chrono::NaiveDate;
use serde_json::{Value, json};

fn read(wire: Value) -> EventType {
    serde_json::from_value(wire).unwrap()
}

#[test]
fn an_event_type_needs_no_more_than_its_number() {
    let bare = read(json!({"id": 7}));
    assert_eq!(bare.id, EventTypeId(7));
    let nulls = json!({"id": 7, "title": null, "locations": null, "bookingFields": null,
        "users": null, "hosts": null, "bookingWindow": null, "recurrence": null, "team": null});
    assert_eq!(read(nulls), bare);
}

#[test]
fn people_may_be_objects_or_texts() {
    let event_type = read(json!({"id": 7, "users": ["ann", {"id": 1, "name": "Ann"}],
        "hosts": [{"userId": 2, "priority": "urgent"}]}));
    let [user] = &event_type.users[..] else { panic!("{:?}", event_type.users) };
    assert_eq!(user.name.as_deref(), Some("Ann"));
    let priority = Some(HostPriority::Other("urgent".to_owned()));
    assert_eq!(event_type.hosts[0].priority, priority);
}

#[test]
fn a_window_may_be_an_object_or_a_list() {
    let days = json!({"type": "calendarDays", "value": 5});
    let window = Some(Toggle::On(BookingWindow::CalendarDays { days: 5, rolling: false }));
    assert_eq!(read(json!({"id": 7, "bookingWindow": days})).booking_window, window);
    assert_eq!(read(json!({"id": 7, "bookingWindow": [days]})).booking_window, window);
    assert_eq!(read(json!({"id": 7, "bookingWindow": []})).booking_window, None);
    let off = read(json!({"id": 7, "bookingWindow": {"disabled": true}}));
    assert_eq!(off.booking_window, Some(Toggle::Off));
}

#[test]
fn a_toggle_is_off_on_or_unknown() {
    let range = (NaiveDate::from_ymd_opt(2030, 9, 5), NaiveDate::from_ymd_opt(2030, 9, 9));
    let range = BookingWindow::Range { days: (range.0.unwrap(), range.1.unwrap()) };
    for (toggle, wire) in [
        (Toggle::Off, json!({"disabled": true})),
        (Toggle::On(range), json!({"type": "range", "value": ["2030-09-05", "2030-09-09"]})),
        (
            Toggle::On(BookingWindow::BusinessDays { days: 5, rolling: true }),
            json!({"type": "businessDays", "value": 5, "rolling": true}),
        ),
        (Toggle::Unknown(json!({"type": "moons"})), json!({"type": "moons"})),
        (Toggle::Unknown(json!("never")), json!("never")),
    ] {
        assert_eq!(serde_json::to_value(&toggle).unwrap(), wire);
        assert_eq!(serde_json::from_value::<Toggle<BookingWindow>>(wire).unwrap(), toggle);
    }
}

#[test]
fn a_server_says_that_what_is_on_is_not_disabled() {
    let wire = json!({"disabled": false, "interval": 1, "occurrences": 3, "frequency": "daily"});
    let toggle: Toggle<Recurrence> = serde_json::from_value(wire).unwrap();
    let frequency = Frequency::Other("daily".to_owned());
    assert_eq!(toggle.on(), Some(&Recurrence::new(1u32, 3u32, frequency)));
}
