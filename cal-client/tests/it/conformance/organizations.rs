use cal_client::Client;

use super::Checks;

pub(super) async fn check(client: &Client, checks: &mut Checks) {
    let _ = (client, checks);
}
