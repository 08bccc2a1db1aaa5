//! Keys of service accounts.

use cal_client::delegation_credentials::{
    GoogleKey, MicrosoftKey, NewDelegationCredential, UpdateDelegationCredential,
};
use serde_json::json;

#[test]
fn keys_are_told_apart_by_their_fields() {
    let google = GoogleKey::new("hidden", "cal@project.example", "1");
    let credential = NewDelegationCredential::new("google", "example.org", google);
    assert!(!format!("{credential:?}").contains("hidden"));
    assert_eq!(
        serde_json::to_value(&credential).unwrap(),
        json!({
            "workspacePlatformSlug": "google",
            "domain": "example.org",
            "serviceAccountKey": {
                "private_key": "hidden",
                "client_email": "cal@project.example",
                "client_id": "1",
            },
        }),
    );
    let microsoft = MicrosoftKey::new("hidden", "a-tenant", "2");
    let update = UpdateDelegationCredential::new().service_account_key(microsoft);
    assert_eq!(
        serde_json::to_value(&update).unwrap(),
        json!({"serviceAccountKey": {
            "private_key": "hidden",
            "tenant_id": "a-tenant",
            "client_id": "2",
        }}),
    );
}
