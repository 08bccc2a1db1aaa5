use cal_client::me::UpdateProfile;

use super::Calls;

pub(super) fn calls(calls: &mut Calls) {
    for number in ["001", "002", "004", "148", "150", "152", "171", "205", "210", "245"] {
        calls.same(number, |client| async move { client.me().get().await });
    }
    // There is no such path.
    calls.answer("006", |client| async move { client.me().get().await });
    let _ = UpdateProfile::new();
}
