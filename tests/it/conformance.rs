//! The comparison: every case on both servers, with the expectation and with each other.

use std::{fmt::Write as _, thread};

use calcom::MemoryStore;

use crate::{cases, script::Case, servers::Server};

#[test]
#[expect(clippy::print_stdout, reason = "the test tells how much it compared")]
fn both_servers_answer_alike_and_as_expected() {
    let servers = [Server::axum(), Server::actix()];
    let cases = cases::all();
    assert!(cases.len() >= 45, "only {} cases are left", cases.len());
    let mut failures = String::new();
    for (case, answers) in run(&cases, &servers) {
        let expected = case.expected();
        assert!(!expected.is_empty(), "{} expects nothing", case.name);
        for (server, answers) in servers.iter().zip(&answers) {
            if *answers != expected {
                report(&mut failures, case, server.name, answers, &expected);
            }
        }
        if answers[0] != answers[1] {
            report(&mut failures, case, "axum and actix-web differ", &answers[0], &answers[1]);
        }
    }
    println!("conformance: {} cases, {} servers", cases.len(), servers.len());
    let sent: Vec<_> = cases.iter().flat_map(Case::kept).collect();
    for server in servers {
        let name = server.name;
        compare_store(&mut failures, name, &server.stop(), &sent);
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Runs all cases on both servers.
///
/// Neighbours of which nothing is accepted run side by side: most of their time goes by waiting for
/// limits. All others run alone, so that it is known in which order their bodies are stored.
fn run<'a>(cases: &'a [Case], servers: &[Server; 2]) -> Vec<(&'a Case, [Vec<String>; 2])> {
    let batches = cases.chunk_by(|left, right| left.is_refused() && right.is_refused());
    let answers = batches.flat_map(|batch| {
        thread::scope(|scope| {
            let start = |case: &'a Case| {
                (case, servers.each_ref().map(|server| scope.spawn(move || case.run(server))))
            };
            let running: Vec<_> = batch.iter().map(start).collect();
            let answers = running
                .into_iter()
                .map(|(case, running)| (case, running.map(|running| running.join().unwrap())));
            answers.collect::<Vec<_>>()
        })
    });
    answers.collect()
}

/// Compares what is stored with what was acknowledged: nothing else, nothing less, the same bytes.
fn compare_store(failures: &mut String, name: &str, store: &MemoryStore, sent: &[&[u8]]) {
    let mut stored = store.deliveries(sent.len() + 100, None);
    // The store gives the newest first; the cases were sent one after the other.
    stored.reverse();
    if stored.len() != sent.len() {
        let _ = writeln!(failures, "{name} stored {} of {} bodies", stored.len(), sent.len());
    }
    for (index, (record, sent)) in stored.iter().zip(sent).enumerate() {
        let body = record.delivery.as_ref().map(|delivery| delivery.body().clone());
        let body = body.unwrap_or_default();
        if body != *sent {
            let stored = shorten(&String::from_utf8_lossy(&body));
            let sent = shorten(&String::from_utf8_lossy(sent));
            let _ = writeln!(failures, "{name} stored as number {index} {stored}, sent {sent}");
            break;
        }
    }
}

fn report(failures: &mut String, case: &Case, what: &str, left: &[String], right: &[String]) {
    let _ = writeln!(failures, "{}: {what}", case.name);
    for line in left.iter().filter(|line| !right.contains(line)) {
        let _ = writeln!(failures, "    {}", shorten(line));
    }
    for line in right.iter().filter(|line| !left.contains(line)) {
        let _ = writeln!(failures, "    instead of {}", shorten(line));
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(300).collect()
}
