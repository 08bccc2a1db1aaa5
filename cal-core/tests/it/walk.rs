//! Walks a body and the serialised delivery side by side.

use cal_core::Delivery;
use chrono::DateTime;
use serde_json::Value;

/// Lists the non-null members of the body that the delivery lacks or has with another value.
pub(crate) fn differences(body: &str) -> Vec<String> {
    let wire: Value = serde_json::from_str(body).expect("the body is JSON");
    let typed = serde_json::to_value(Delivery::parse(body.to_owned())).expect("a delivery is JSON");
    let mut found = Vec::new();
    walk("", &wire, &typed, &mut found);
    found
}

fn walk(path: &str, wire: &Value, typed: &Value, found: &mut Vec<String>) {
    match (wire, typed) {
        (Value::Null, _) => {}
        (Value::Object(wire), Value::Object(typed)) => {
            for (name, value) in wire {
                let other = typed.get(name).unwrap_or(&Value::Null);
                walk(&format!("{path}.{name}"), value, other, found);
            }
        }
        (Value::Array(wire), Value::Array(typed)) if wire.len() == typed.len() => {
            for (index, (value, other)) in wire.iter().zip(typed).enumerate() {
                walk(&format!("{path}[{index}]"), value, other, found);
            }
        }
        (Value::String(wire), Value::String(typed)) if same_text(wire, typed) => {}
        _ if wire == typed => {}
        _ => found.push(format!("{path}: {wire} became {typed}")),
    }
}

/// Whether two texts are equal, or two spellings of one instant.
fn same_text(wire: &str, typed: &str) -> bool {
    let instant = |text| DateTime::parse_from_rfc3339(text).ok();
    wire == typed || instant(wire).is_some_and(|at| instant(typed) == Some(at))
}
