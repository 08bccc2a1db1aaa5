//! Paths with ids in them.

use std::fmt::{Display, Write as _};

use crate::error::{Error, Kind};

/// A path, and its template for logs: ids of bookings let anyone cancel them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path {
    template: String,
    text: String,
}

impl Path {
    /// Appends segments such as `/bookings/{}/cancel`; each `{}` is one of the values.
    pub(crate) fn join(
        &self,
        template: &str,
        values: &[&(dyn Display + Sync)],
    ) -> Result<Self, Error> {
        let mut path = self.clone();
        path.template += template;
        let mut values = values.iter();
        let mut pieces = template.split("{}");
        path.text += pieces.next().unwrap_or_default();
        for piece in pieces {
            let value = values.next().map(ToString::to_string).unwrap_or_default();
            push(&mut path.text, &value)?;
            path.text += piece;
        }
        debug_assert!(values.next().is_none(), "more values than places in {template}");
        Ok(path)
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn template(&self) -> &str {
        &self.template
    }
}

/// Appends one segment.
fn push(text: &mut String, value: &str) -> Result<(), Error> {
    // Servers and URL parsers take these for the segment before, or for none.
    if matches!(value, "" | "." | "..") {
        return Err(Error::new(Kind::Request, "expected an id, got nothing or dots"));
    }
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    Ok(())
}
