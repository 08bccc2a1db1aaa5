//! The folder of recorded exchanges and of the API's description.

use std::{env, path::PathBuf};

/// Returns the folder, or says that what needs it is skipped.
pub(crate) fn shared(what: &str) -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared");
    let folder = env::var_os("CALCOM_TEST_SHARED").unwrap_or_else(|| default.into());
    let place = PathBuf::from(folder).join(what);
    if place.exists() {
        return Some(place);
    }
    cal_testing::skip(format_args!(
        "there is no {what} in the folder that CALCOM_TEST_SHARED names"
    ));
    None
}
