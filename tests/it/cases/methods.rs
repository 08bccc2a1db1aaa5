//! What is no delivery: other methods and other paths.

use crate::{
    request::{Request, booking},
    script::{Case, Expected},
    servers::{HOOK, ROOMY, SIGNED, SLASHED},
};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::one("GET", &Request::new("GET", HOOK), Expected::Health),
        Case::one("GET of another receiver", &Request::new("GET", ROOMY), Expected::Health),
        get_with_a_query(),
        Case::one("GET with a slash", &Request::new("GET", SLASHED), Expected::Health),
        head(),
        unknown("/api/webhooks"),
        unknown("/api/webhooks/cal/more"),
        unknown("/api/webhooks/calendar"),
        unknown("/"),
    ];
    cases.push(wrong(SIGNED, "GET"));
    // Methods have a case: "post" is not "POST".
    let methods = ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", "post"];
    for path in [HOOK, SIGNED] {
        cases.extend(methods.map(|method| wrong(path, method)));
        let with_a_body = ["PUT", "DELETE", "PATCH"];
        cases.extend(with_a_body.map(|method| wrong_with_a_delivery(path, method)));
    }
    cases
}

fn wrong(path: &str, method: &str) -> Case {
    Case::one(format!("{path}: {method}"), &Request::new(method, path), refused(path))
}

/// A good signature does not help.
fn wrong_with_a_delivery(path: &str, method: &str) -> Case {
    let title = format!("{path}: {method} with a delivery");
    let request = Request::delivery(path, booking(&title)).method(method);
    Case::one(title, &request, refused(path))
}

fn get_with_a_query() -> Case {
    let request = Request::new("GET", &format!("{HOOK}?verify=yes"));
    Case::one("GET with a query", &request, Expected::Health)
}

/// If a body came, the next answer could not be read.
fn head() -> Case {
    Case::one("HEAD", &Request::new("HEAD", HOOK), Expected::HealthHead)
        .write(Request::new("GET", HOOK).bytes())
        .read(Expected::Health)
}

fn unknown(path: &str) -> Case {
    let title = format!("{path} is nobody's path");
    let request = Request::delivery(path, booking(&title));
    Case::one(title, &request, Expected::Framework(404))
}

/// A handler with the extractor takes deliveries alone, and has no health to show.
fn refused(path: &str) -> Expected {
    let allow = if path == SIGNED { "POST" } else { "GET, HEAD, POST" };
    Expected::refused(405, format!("expected the method to be one of {allow}"))
}
