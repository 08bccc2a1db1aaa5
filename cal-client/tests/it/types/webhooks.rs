//! Webhooks.

use cal_client::webhooks::{NewWebhook, Trigger, Webhook, WebhookVersion};

#[test]
fn a_webhook_is_read_whatever_is_missing_or_new() {
    let webhook: Webhook = serde_json::from_str(r#"{"id":7}"#).unwrap();
    assert_eq!(webhook.id, "7".into());
    assert!(!webhook.active && webhook.triggers.is_empty() && webhook.secret.is_none());

    let webhook = r#"{"id":"a-b","triggers":["BOOKING_CREATED","BOOKING_TELEPORTED"],"secret":null,
        "payloadTemplate":null,"version":"2031-01-01","oAuthClientId":"c"}"#;
    let webhook: Webhook = serde_json::from_str(webhook).unwrap();
    assert_eq!(webhook.id, "a-b".into());
    let unknown = Trigger::Other("BOOKING_TELEPORTED".to_owned());
    assert_eq!(webhook.triggers, [Trigger::BookingCreated, unknown]);
    assert_eq!(webhook.version, Some(WebhookVersion::Other("2031-01-01".to_owned())));
    assert_eq!(webhook.oauth_client_id.as_deref(), Some("c"));
}

#[test]
fn secrets_are_sent_but_not_shown() {
    let webhook = NewWebhook::new("https://example.org", [], true).secret("hush");
    assert_eq!(
        serde_json::to_string(&webhook).unwrap(),
        r#"{"subscriberUrl":"https://example.org","triggers":[],"active":true,"secret":"hush"}"#
    );
    assert!(!format!("{webhook:?}").contains("hush"));
}
