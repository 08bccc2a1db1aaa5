use cal_client::{
    Client,
    id::ScheduleId,
    me::{UpdateProfile, Weekday},
};
use serde_json::Map;

use super::Checks;

pub(super) async fn check(client: &Client, checks: &mut Checks) {
    let me = client.me();
    checks.is("me.get", me.get().await);
    let update = UpdateProfile::new()
        .email("ann@example.com")
        .name("Ann")
        .time_format(24)
        .default_schedule_id(ScheduleId(7))
        .week_start(Weekday::Monday)
        .time_zone("Europe/Oslo")
        .locale("pt-BR")
        .avatar_url("https://example.com/ann.png")
        .bio("Hello")
        .metadata(Map::from_iter([("team".to_owned(), "blue".into())]));
    checks.is("me.update", me.update(&update).await);
}
