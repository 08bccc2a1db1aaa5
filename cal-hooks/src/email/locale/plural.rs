//! Which form a word takes beside a number, by CLDR's rules for whole numbers.

use serde::Deserialize;

use super::Phrase;

/// The rule of a language; see <https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html>.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::email) enum Rule {
    /// Arabic: zero, one, two, few, many, other.
    Arabic,
    /// Czech, Slovak: one, few (2 to 4), other.
    Czech,
    /// Japanese, Chinese, Turkish in lists: one form for all numbers.
    None,
    /// English, German, Spanish, Italian, Dutch: one and other.
    #[default]
    One,
    /// Polish: one, few, many.
    Polish,
    /// Russian, Ukrainian: one (1, 21), few (2 to 4, 22), many.
    Slavic,
    /// French, Portuguese of Brazil: 0 and 1 are one.
    ZeroOne,
}

/// A text with a number, in the forms that the language has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::email) struct Forms {
    zero: Option<Phrase>,
    one: Option<Phrase>,
    two: Option<Phrase>,
    few: Option<Phrase>,
    many: Option<Phrase>,
    other: Phrase,
}

impl Forms {
    /// Writes a number with its word.
    pub(in crate::email) fn write(&self, rule: Rule, count: u64) -> String {
        let (ten, hundred) = (count % 10, count % 100);
        let teens = (11..=19).contains(&hundred);
        let arabic = matches!(rule, Rule::Arabic);
        let one = match rule {
            Rule::None => false,
            Rule::Slavic => ten == 1 && !teens,
            Rule::ZeroOne => count < 2,
            _ => count == 1,
        };
        let few = match rule {
            Rule::Arabic => (3..=10).contains(&hundred),
            Rule::Czech => (2..=4).contains(&count),
            Rule::Polish | Rule::Slavic => (2..=4).contains(&ten) && !teens,
            _ => false,
        };
        let many = match rule {
            Rule::Arabic => hundred >= 11,
            _ => matches!(rule, Rule::Polish | Rule::Slavic),
        };
        let form = if arabic && count == 0 {
            &self.zero
        } else if arabic && count == 2 {
            &self.two
        } else if one {
            &self.one
        } else if few {
            &self.few
        } else if many {
            &self.many
        } else {
            &None
        };
        form.as_ref().unwrap_or(&self.other).fill(&[("count", &count.to_string())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_picks_its_form() {
        let forms: Forms = serde_json::from_str(
            r#"{"zero": "zero", "one": "one", "two": "two", "few": "few", "many": "many", "other": "other"}"#,
        )
        .unwrap();
        for (rule, want) in [
            (Rule::None, ["other", "other", "other", "other", "other", "other", "other"]),
            (Rule::One, ["other", "one", "other", "other", "other", "other", "other"]),
            (Rule::ZeroOne, ["one", "one", "other", "other", "other", "other", "other"]),
            (Rule::Czech, ["other", "one", "few", "other", "other", "other", "other"]),
            (Rule::Polish, ["many", "one", "few", "many", "many", "many", "few"]),
            (Rule::Slavic, ["many", "one", "few", "many", "many", "one", "few"]),
            (Rule::Arabic, ["zero", "one", "two", "few", "many", "many", "many"]),
        ] {
            let found = [0, 1, 2, 5, 12, 21, 22].map(|count| forms.write(rule, count));
            assert_eq!(found, want, "{rule:?}");
        }
    }
}
