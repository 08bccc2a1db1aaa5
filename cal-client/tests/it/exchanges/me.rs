use cal_client::{Method, me::UpdateProfile};
use serde_json::json;

use super::Calls;

pub(super) fn calls(calls: &mut Calls) {
    for number in ["001", "002", "004", "148", "150", "152", "171", "205", "210", "245"] {
        calls.same(number, |client| async move { client.me().get().await });
    }
    calls.same("007", |client| async move {
        client.me().update(&UpdateProfile::new().bio("Hello").time_format(24)).await
    });

    calls.same("006", |client| async move {
        client.raw(Method::GET, "/v2/does-not-exist").send_only().await
    });
    calls.same("008", |client| async move {
        client.raw(Method::PATCH, "/v2/me").json(&json!({"timeZone": 5})).send_only().await
    });
}
