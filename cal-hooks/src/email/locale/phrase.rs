//! A text with placeholders.

use serde::Deserialize;

/// Every placeholder that a language file may use.
const SLOTS: [&str; 20] = [
    "amount",
    "count",
    "currency",
    "date",
    "day",
    "end",
    "end_date",
    "half",
    "hour",
    "minute",
    "month",
    "month_number",
    "name",
    "offset",
    "service",
    "start",
    "time",
    "weekday",
    "year",
    "zone",
];

/// A text with placeholders, `Hello {name},`; read once, filled often.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::email) struct Phrase(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Slot(String),
    Text(String),
}

impl Phrase {
    /// Fills the placeholders; what is put in is not read again.
    pub(in crate::email) fn fill(&self, values: &[(&str, &str)]) -> String {
        let value = |slot: &str| values.iter().find(|(name, _)| *name == slot);
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Slot(slot) => value(slot).map_or("", |(_, value)| value),
        });
        parts.collect()
    }
}

impl TryFrom<String> for Phrase {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("expected a text, found an empty one".to_owned());
        }
        let (mut parts, mut rest) = (Vec::new(), text.as_str());
        while let Some((before, after)) = rest.split_once('{') {
            let (slot, after) = after.split_once('}').unwrap_or((after, ""));
            if !SLOTS.contains(&slot) {
                let known = SLOTS.join("}`, `{");
                return Err(format!("unknown placeholder `{{{slot}}}`, expected `{{{known}}}`"));
            }
            parts.extend([Part::Text(before.to_owned()), Part::Slot(slot.to_owned())]);
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }
}
