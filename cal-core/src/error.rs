//! Why a body, or a part of it, could not be read.

use std::fmt;

/// Why a body, or one member of it, could not be read.
///
/// Says what was expected and where, never what stood there: the value may be a person's data.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParseError {
    path: String,
    problem: String,
}

impl ParseError {
    /// Returns the member that could not be read, `payload.attendees[0].email`; empty for the body.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self { path: String::new(), problem: problem.into() }
    }

    /// Says where in the body the problem is.
    pub(crate) fn within(self, path: impl Into<String>) -> Self {
        Self { path: path.into(), ..self }
    }

    /// Takes over what `serde_json` says, without the value that it quotes.
    pub(crate) fn from_json(path: impl Into<String>, error: &serde_json::Error) -> Self {
        Self::new(without_value(&error.to_string())).within(path)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{} at {}", self.problem, self.path)
        }
    }
}

impl std::error::Error for ParseError {}

/// Cuts the quoted value out of `invalid type: string "…", expected …`.
fn without_value(message: &str) -> String {
    let Some((_, found)) =
        message.split_once("invalid type: ").or_else(|| message.split_once("invalid value: "))
    else {
        return message.to_owned();
    };
    let end = found.find(|c: char| !c.is_ascii_alphabetic() && c != ' ').unwrap_or(found.len());
    let kind = found[..end].trim_end();
    let expected =
        found.rsplit_once(", expected ").map_or("another type", |(_, expected)| expected);
    let expected = expected.split(" at line ").next().unwrap_or(expected);
    format!("expected {expected}, found {kind}")
}
