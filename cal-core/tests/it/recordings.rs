//! Reads recorded deliveries in place; `cal-webhook`'s tests use this file, too.

use std::{env, fs, path::PathBuf};

use serde_json::Value;

/// Returns the deliveries of a folder by their file names, or none and a line that says so.
///
/// The folder stands in `fixtures` of the place that `CALCOM_TEST_SHARED` names, by default in
/// `../shared` beside the checkout.
pub(crate) fn recordings(folder: &str) -> Vec<(String, Value)> {
    let shared = env::var_os("CALCOM_TEST_SHARED").unwrap_or_else(|| "../../shared".into());
    let folder = PathBuf::from(shared).join("fixtures").join(folder);
    let Ok(entries) = fs::read_dir(&folder) else {
        cal_testing::skip(format_args!("no recorded deliveries in {}", folder.display()));
        return Vec::new();
    };
    let mut recordings: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap())
        })
        .collect();
    recordings.sort_by(|a, b| a.0.cmp(&b.0));
    recordings
}
