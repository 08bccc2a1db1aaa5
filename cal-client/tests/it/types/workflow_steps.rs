//! The steps of workflows.

use cal_client::{
    id::{VerifiedEmailId, VerifiedPhoneId},
    workflows::{
        EmailMessage, EmailStep, EventTypeStep, FormStep, StepAction, Template, TextMessage,
        TextStep, WorkflowStep,
    },
};
use serde_json::json;

#[test]
fn what_is_not_known_is_kept() {
    let step = json!({
        "id": 1, "stepNumber": null, "action": "send_pigeon", "recipient": "pigeon",
        "template": "poem", "message": {"subject": null},
    });
    let step: WorkflowStep = serde_json::from_value(step).unwrap();
    assert_eq!(step.action, Some(StepAction::Other("send_pigeon".to_owned())));
    assert_eq!(step.message.unwrap().subject, "");
}

#[test]
fn recipients_follow_from_actions() {
    let email =
        EmailStep::new(1, Template::Reminder, "Support", EmailMessage::new("Soon", "<p>Soon</p>"));
    let text = TextStep::new(2, Template::Custom, "Support", TextMessage::new("Soon", "Soon"));
    let (address, number) = (VerifiedEmailId(3), VerifiedPhoneId(4));
    for (step, action, recipient, id) in [
        (
            EventTypeStep::EmailAddress(address, email.clone()),
            "email_address",
            "email",
            ("verifiedEmailId", json!(3)),
        ),
        (
            EventTypeStep::EmailAttendee(email.clone()),
            "email_attendee",
            "attendee",
            ("includeCalendarEvent", json!(false)),
        ),
        (
            EventTypeStep::EmailHost(email.clone().include_calendar_event(true)),
            "email_host",
            "const",
            ("includeCalendarEvent", json!(true)),
        ),
        (
            EventTypeStep::SmsAttendee(text.clone().phone_required(true)),
            "sms_attendee",
            "attendee",
            ("phoneRequired", json!(true)),
        ),
        (
            EventTypeStep::SmsNumber(number, text.clone()),
            "sms_number",
            "phone_number",
            ("verifiedPhoneId", json!(4)),
        ),
        (
            EventTypeStep::WhatsAppAttendee(text.clone().id(9)),
            "whatsapp_attendee",
            "attendee",
            ("id", json!(9)),
        ),
        (
            EventTypeStep::WhatsAppNumber(number, text.clone()),
            "whatsapp_number",
            "phone_number",
            ("verifiedPhoneId", json!(4)),
        ),
    ] {
        let json = serde_json::to_value(&step).unwrap();
        assert_eq!(json["action"], action);
        assert_eq!(json["recipient"], recipient, "{action}");
        assert_eq!(json[id.0], id.1, "{action}");
    }
    assert_eq!(
        serde_json::to_value(FormStep::EmailAddress(address, email.id(7))).unwrap(),
        json!({
            "id": 7,
            "action": "email_address",
            "stepNumber": 1,
            "recipient": "email",
            "template": "reminder",
            "sender": "Support",
            "verifiedEmailId": 3,
            "includeCalendarEvent": false,
            "message": {"subject": "Soon", "html": "<p>Soon</p>"},
        }),
    );
    assert_eq!(
        serde_json::to_value(FormStep::SmsNumber(number, text)).unwrap(),
        json!({
            "action": "sms_number",
            "stepNumber": 2,
            "recipient": "phone_number",
            "template": "custom",
            "sender": "Support",
            "verifiedPhoneId": 4,
            "message": {"subject": "Soon", "text": "Soon"},
        }),
    );
}

#[test]
fn what_is_not_known_goes_through() {
    let json = json!({"action": "cal_ai_phone_call", "stepNumber": 1});
    assert_eq!(serde_json::to_value(EventTypeStep::Unknown(json.clone())).unwrap(), json);
    assert_eq!(serde_json::to_value(FormStep::Unknown(json.clone())).unwrap(), json);
}
