use cal_client::{
    Auth, Client,
    id::ScheduleId,
    managed_orgs::{NewManagedOrg, UpdateManagedOrg},
    managed_users::NewManagedUser,
    me::{UpdateProfile, Weekday},
    oauth::OAuth,
    oauth_clients::{NewOAuthClient, Permission, UpdateOAuthClient},
};
use serde_json::{Map, Value};

use super::Checks;

const BACK: &str = "https://app.example.org/callback";

pub(super) async fn check(client: &Client, checks: &mut Checks) {
    oauth(client, checks).await;
    oauth_clients(&client.with_auth(Auth::api_key("cal_test_key")), checks).await;
    managed_users(client, checks).await;
    managed_orgs(client, checks).await;
}

async fn oauth(client: &Client, checks: &mut Checks) {
    let (public, confidential) =
        (OAuth::new("an-app", BACK), OAuth::new("an-app", BACK).secret("a-secret"));
    let verifier = "v".repeat(43).into();
    checks.is("oauth.info", public.info(client).await);
    checks.is("oauth.exchange", public.exchange(client, "a-code", Some(&verifier)).await);
    checks.is("oauth.exchange", confidential.exchange(client, "a-code", None).await);
    checks.is("oauth.refresh", public.refresh(client, &"a-token".into()).await);
    checks.is("oauth.refresh", confidential.refresh(client, &"a-token".into()).await);
}

async fn oauth_clients(client: &Client, checks: &mut Checks) {
    let clients = client.oauth_clients();
    let permissions = vec![Permission::BookingRead, Permission::BookingWrite];
    let new = NewOAuthClient::new("An app", [BACK.to_owned()], permissions)
        .logo("https://app.example.org/logo.png")
        .booking_redirect_uri(BACK)
        .booking_cancel_redirect_uri(BACK)
        .booking_reschedule_redirect_uri(BACK)
        .are_emails_enabled(true)
        .are_default_event_types_enabled(true)
        .are_calendar_events_enabled(false);
    checks.is("oauth_clients.create", clients.create(&new).await);
    checks.is("oauth_clients.list", clients.list().await);
    checks.is("oauth_clients.get", clients.get("a-client").await);
    let update = UpdateOAuthClient::new()
        .name("An app")
        .logo("https://app.example.org/logo.png")
        .redirect_uris([BACK.to_owned()])
        .booking_redirect_uri(BACK)
        .booking_cancel_redirect_uri(BACK)
        .booking_reschedule_redirect_uri(BACK)
        .are_emails_enabled(true)
        .are_default_event_types_enabled(true)
        .are_calendar_events_enabled(false);
    checks.is("oauth_clients.update", clients.update("a-client", &update).await);
    checks.is("oauth_clients.delete", clients.delete("a-client").await);
}

async fn managed_users(client: &Client, checks: &mut Checks) {
    let users = client.platform("a-client").managed_users();
    let list = users.list().take(10).skip(5).emails(["ann@example.org", "bob@example.org"]);
    checks.is("managed_users.list", list.await);
    let new = NewManagedUser::new("ann@example.org", "Ann")
        .time_format(24)
        .week_start(Weekday::Monday)
        .time_zone("Europe/Oslo")
        .locale("pt-BR")
        .avatar_url("https://app.example.org/ann.png")
        .bio("Hello")
        .metadata(metadata());
    checks.is("managed_users.create", users.create(&new).await);
    checks.is("managed_users.get", users.get(7).await);
    let update = UpdateProfile::new()
        .email("ann@example.org")
        .name("Ann")
        .time_format(12)
        .default_schedule_id(ScheduleId(1))
        .week_start(Weekday::Sunday)
        .time_zone("Europe/Oslo")
        .locale("en")
        .avatar_url("https://app.example.org/ann.png")
        .bio("Hello")
        .metadata(metadata());
    checks.is("managed_users.update", users.update(7, &update).await);
    checks.is("managed_users.delete", users.delete(7).await);
    checks.is("managed_users.force_refresh", users.force_refresh(7).await);
    checks.is("managed_users.refresh", users.refresh(&"a-token".into()).await);
}

async fn managed_orgs(client: &Client, checks: &mut Checks) {
    let organizations = client.org(1).organizations();
    let list = organizations.list().take(25).skip(1).slug("acme").metadata("a-key", "a-value");
    checks.is("managed_orgs.list", list.await);
    let new = NewManagedOrg::new("Acme")
        .api_key_days_valid(60_u32)
        .api_key_never_expires(true)
        .slug("acme")
        .metadata(metadata());
    checks.is("managed_orgs.create", organizations.create(&new).await);
    checks.is("managed_orgs.get", organizations.get(2).await);
    let update = UpdateManagedOrg::new().name("Acme").metadata(metadata());
    checks.is("managed_orgs.update", organizations.update(2, &update).await);
    checks.is("managed_orgs.delete", organizations.delete(2).await);
}

fn metadata() -> Map<String, Value> {
    Map::from_iter([("key".to_owned(), "value".into())])
}
