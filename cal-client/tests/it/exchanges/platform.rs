use std::sync::LazyLock;

use cal_client::{managed_users::NewManagedUser, oauth::OAuth};

use super::{Calls, secret};

const APP: &str = "cccccccc1795241599322";
const BACK: &str = "https://app.example.com/cb";

static SECRET: LazyLock<String> = LazyLock::new(|| secret("160", "client_secret"));

pub(super) fn calls(calls: &mut Calls) {
    let app = || OAuth::new(APP, BACK).secret(SECRET.as_str());
    calls.same("146", |client| async move { client.oauth_clients().list().await });
    calls.same("156", move |client| async move { app().info(&client).await });
    calls.same("157", |client| async move { OAuth::new("nope", BACK).info(&client).await });
    calls.same("158", |client| async move {
        OAuth::new(APP, BACK).secret("bad").exchange(&client, "code1", None).await
    });
    calls.same("159", |client| async move {
        let app = OAuth::new(APP, "https://evil.example.com/cb").secret(SECRET.as_str());
        app.exchange(&client, "code1", None).await
    });
    calls.same("160", move |client| async move { app().exchange(&client, "code1", None).await });
    // Another kind of grant than there is.
    calls.answer("163", move |client| async move { app().exchange(&client, "code1", None).await });
    calls.same("168", move |client| async move { app().refresh(&client, &"nope".into()).await });
    for number in ["170", "243"] {
        calls.same(number, move |client| async move {
            app().refresh(&client, &"JWT.REDACTED.TOKEN".into()).await
        });
    }
    calls.same("172", |client| async move {
        let app = OAuth::new(format!("pub{APP}"), BACK);
        app.exchange(&client, "code2", Some(&"x".repeat(43).into())).await
    });
    for (number, id) in [
        ("206", "plat_1795241766782"),
        ("211", "plat_1795241792084"),
        ("213", "plat_1795241792084"),
    ] {
        calls.same(number, move |client| async move {
            client.platform(id).managed_users().list().await
        });
    }
    for (number, id) in [("207", "plat_1795241766782"), ("212", "plat_1795241792084")] {
        calls.same(number, move |client| async move {
            let new = NewManagedUser::new("managed@example.com", "Managed One");
            client.platform(id).managed_users().create(&new.time_zone("Europe/Oslo")).await
        });
    }
}
