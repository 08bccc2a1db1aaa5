//! Languages: every sentence of every mail, and how dates, times and amounts are written.

mod phrase;
mod plural;
mod words;

use std::{collections::BTreeMap, sync::Arc};

pub(super) use phrase::Phrase;
pub(super) use words::Language;

const ENGLISH: &str = include_str!("../../locales/en.json");
const GERMAN: &str = include_str!("../../locales/de.json");

/// Why a language file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the language file cannot be used: {0}")]
pub struct LanguageError(String);

/// The languages that mails can be written in.
#[derive(Clone, Debug)]
pub(super) struct Languages {
    known: BTreeMap<String, Arc<Language>>,
    fallback: Arc<Language>,
}

impl Languages {
    /// Takes English and German, which are compiled in.
    pub(super) fn new() -> Self {
        let built_in = [ENGLISH, GERMAN].map(|text| read(text).unwrap_or_default());
        let mut languages = Self { known: BTreeMap::new(), fallback: Arc::default() };
        for language in built_in {
            languages.insert(language);
        }
        languages
    }

    /// Adds a language, or replaces the one of this tag.
    pub(super) fn add(&mut self, text: &str) -> Result<(), LanguageError> {
        self.insert(read(text).map_err(LanguageError)?);
        Ok(())
    }

    /// Finds the language of a tag: `de-AT`, else `de`, else English.
    pub(super) fn find(&self, tag: Option<&str>) -> &Arc<Language> {
        let tag = tag.unwrap_or_default().replace('_', "-").to_ascii_lowercase();
        let mut rest = tag.as_str();
        loop {
            if let Some(language) = self.known.get(rest) {
                return language;
            }
            match rest.rsplit_once('-') {
                Some((shorter, _)) => rest = shorter,
                None => return &self.fallback,
            }
        }
    }

    fn insert(&mut self, language: Language) {
        let tag = language.tag.to_ascii_lowercase();
        let language = Arc::new(language);
        if tag == "en" {
            self.fallback = Arc::clone(&language);
        }
        self.known.insert(tag, language);
    }
}

/// Reads a language file; says which member is missing or unknown, and where.
fn read(text: &str) -> Result<Language, String> {
    let language: Language = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let tag = &language.tag;
    if tag.is_empty() || !tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(format!("expected a `tag` such as `de` or `pt-BR`, found `{tag}`"));
    }
    Ok(language)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn both_languages_can_be_read() {
        for (text, tag) in [(ENGLISH, "en"), (GERMAN, "de")] {
            assert_eq!(read(text).unwrap().tag, tag);
        }
    }

    #[test]
    fn both_languages_have_the_same_members() {
        assert_eq!(members(ENGLISH), members(GERMAN));
    }

    #[test]
    fn a_tag_falls_back_to_shorter_ones_and_then_to_english() {
        let languages = Languages::new();
        for (tag, want) in [
            (Some("de-AT"), "de"),
            (Some("de_CH"), "de"),
            (Some("DE"), "de"),
            (Some("en-GB"), "en"),
            (Some("pt-BR"), "en"),
            (Some("deu"), "en"),
            (Some(""), "en"),
            (None, "en"),
        ] {
            assert_eq!(languages.find(tag).tag, want, "{tag:?}");
        }
    }

    #[test]
    fn an_added_language_is_found_before_a_shorter_one() {
        let mut languages = Languages::new();
        languages.add(&ENGLISH.replace("\"tag\": \"en\"", "\"tag\": \"en-GB\"")).unwrap();
        assert_eq!(languages.find(Some("en-gb")).tag, "en-GB");
        assert_eq!(languages.find(Some("en-US")).tag, "en");
    }

    #[test]
    fn a_missing_member_is_named() {
        let mut file: Value = serde_json::from_str(ENGLISH).unwrap();
        file["mails"]["receipt"].as_object_mut().unwrap().remove("preheader");
        assert!(read(&file.to_string()).unwrap_err().contains("`preheader`"));
    }

    #[test]
    fn an_unknown_member_is_named() {
        let mut file: Value = serde_json::from_str(ENGLISH).unwrap();
        file["labels"]["shoe_size"] = "42".into();
        assert!(read(&file.to_string()).unwrap_err().contains("`shoe_size`"));
    }

    #[test]
    fn an_unknown_placeholder_is_named() {
        let file = ENGLISH.replace("Hello {name},", "Hello {nmae},");
        assert!(read(&file).unwrap_err().contains("`{nmae}`"));
    }

    fn members(text: &str) -> Vec<String> {
        fn walk(value: &Value, path: &str, into: &mut Vec<String>) {
            match value {
                Value::Object(members) => {
                    for (name, value) in members {
                        walk(value, &format!("{path}.{name}"), into);
                    }
                }
                Value::Array(items) => into.push(format!("{path}[{}]", items.len())),
                _ => into.push(path.to_owned()),
            }
        }
        let mut paths = Vec::new();
        walk(&serde_json::from_str(text).unwrap(), "", &mut paths);
        paths.sort();
        paths
    }
}
