use cal_client::{
    Client,
    me::{UpdateProfile, Weekday},
};

use super::Checks;

pub(super) async fn check(client: &Client, checks: &mut Checks) {
    let me = client.me();
    checks.is("me.get", me.get().await);
    let update = UpdateProfile::new().week_start(Weekday::Monday).time_format(24);
    checks.is("me.update", me.update(&update).await);
}
