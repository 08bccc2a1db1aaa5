use cal_client::Client;

use super::Checks;

pub(super) async fn check(client: &Client, platform: &Client, checks: &mut Checks) {
    let _ = (client, platform, checks);
}
