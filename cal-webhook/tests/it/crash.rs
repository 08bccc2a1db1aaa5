//! A crash point ends the process without a last word.

use std::process::Command;

use cal_webhook::crash;

const ASKED: &str = "CALCOM_TEST_CRASH";

/// Runs this test again in a process that is to die at a point, and returns its signal and what it
/// printed.
#[cfg(unix)]
fn child(point: &str) -> (Option<i32>, String) {
    use std::os::unix::process::ExitStatusExt;

    let own = std::env::current_exe().unwrap();
    let name = "crash::a_named_point_kills_the_process_at_the_pass_that_was_asked_for";
    let output = Command::new(own)
        .args([name, "--exact", "--nocapture"])
        .env(ASKED, point)
        .output()
        .unwrap();
    (output.status.signal(), String::from_utf8(output.stderr).unwrap())
}

#[cfg(unix)]
#[test]
fn a_named_point_kills_the_process_at_the_pass_that_was_asked_for() {
    if std::env::var_os(ASKED).is_some() {
        for pass in 1..=3 {
            eprintln!("pass {pass}");
            crash::point("other");
            crash::point("here");
        }
        eprintln!("survived");
        return;
    }
    let killed = Some(9);
    for (point, signal, last, never) in [
        ("here", killed, "pass 1", "pass 2"),
        ("here:2", killed, "pass 2", "pass 3"),
        ("here:4", None, "survived", "killed"),
        ("elsewhere", None, "survived", "killed"),
    ] {
        let (ended, printed) = child(point);
        assert_eq!(ended, signal, "{point}: {printed}");
        assert!(printed.contains(last) && !printed.contains(never), "{point}: {printed}");
    }
}
