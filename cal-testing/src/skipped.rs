//! What tests leave out because something is missing here.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Display,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
    time::Duration,
};

/// The files of runs begin with this; they lie beside the test binaries.
const FILE: &str = "skipped-";

/// No run of the tests takes this long.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Says that the test that calls this leaves something out, and why.
///
/// The reason is written where the test harness does not capture it, once per binary, and is kept
/// for [`report`].
///
/// # Panics
///
/// Panics when it cannot be kept: what is skipped must show.
pub fn skip(reason: impl Display) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    // A reason of several lines would be read as several.
    let reason = reason.to_string().replace(['\n', '\t'], " ");
    let thread = thread::current();
    // Cargo starts tests by their paths; where the system cannot tell one, the test fails, and says so.
    let binary = env::current_exe().expect("a test binary has a path");
    let test = format!("{}::{}", binary.display(), thread.name().unwrap_or_default());
    let path = file(&binary);
    let mut file = File::options().append(true).create(true).open(&path).expect("a file to write");
    // At once, as other tests write, too. A folder that takes no note fails the test: nothing may be
    // skipped unseen.
    file.write_all(format!("{test}\t{reason}\n").as_bytes()).expect("space for a line");
    let is_new = SAID.lock().is_ok_and(|mut said| said.insert(reason.clone()));
    if is_new {
        // Nobody may read it.
        let _ = io::stderr().write_all(format!("skipped: {reason}\n").as_bytes());
    }
}

/// Returns how many tests left something out in this run of `cargo test`, with each reason once.
///
/// # Panics
///
/// Panics when the path of the test binary is unknown, as on no system that runs the tests.
#[must_use]
pub fn report() -> String {
    // As above.
    let binary = env::current_exe().expect("a test binary has a path");
    let path = file(&binary);
    let notes = fs::read_to_string(&path).unwrap_or_default();
    let _ = fs::remove_file(&path);
    remove_old(path.parent().unwrap_or(Path::new(".")));
    summary(&notes)
}

/// Returns where this run keeps what it skips: all its binaries are started by one cargo.
fn file(binary: &Path) -> PathBuf {
    binary.with_file_name(format!("{FILE}{}", parent()))
}

#[cfg(unix)]
fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

#[cfg(not(unix))]
fn parent() -> u32 {
    0
}

/// Removes what runs left that asked for no report.
fn remove_old(folder: &Path) {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    for file in files.filter(|file| file.file_name().to_string_lossy().starts_with(FILE)) {
        let modified = file.metadata().and_then(|about| about.modified()).ok();
        if modified.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > DAY) {
            let _ = fs::remove_file(file.path());
        }
    }
}

fn summary(notes: &str) -> String {
    let notes: BTreeSet<_> = notes.lines().filter_map(|line| line.split_once('\t')).collect();
    let tests: BTreeSet<_> = notes.iter().map(|(test, _)| test).collect();
    let mut reasons = BTreeMap::<_, usize>::new();
    for (_, reason) in &notes {
        *reasons.entry(reason).or_default() += 1;
    }
    if tests.is_empty() {
        return "nothing was skipped\n".to_owned();
    }
    let lines = reasons.iter().map(|(reason, tests)| format!("{tests:6}  {reason}\n"));
    format!("tests that skipped something: {}\n{}", tests.len(), lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn each_reason_stands_once_with_its_tests() {
        assert_eq!(summary(""), "nothing was skipped\n");
        let notes = "it::a\tno Node\nit::b\tno disk\nit::a\tno Node\nit::b\tno Node\n";
        let expected = "tests that skipped something: 2\n     2  no Node\n     1  no disk\n";
        assert_eq!(summary(notes), expected);
    }
}
