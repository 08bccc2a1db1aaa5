//! From a view to the texts of a mail.

use std::{error::Error, fmt};

use askama::Template;

use super::{View, clean};

/// The texts of a mail.
#[derive(Clone)]
#[expect(clippy::exhaustive_structs, reason = "templates make them")]
pub struct Texts {
    /// The subject; line breaks are taken out before it is sent.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The plain text part.
    pub text: String,
}

impl Texts {
    /// Writes the texts as mails have them unless their template is replaced.
    ///
    /// # Errors
    ///
    /// Fails when the template cannot be written.
    pub fn of(view: &View) -> Result<Self, TemplateError> {
        Ok(Self {
            subject: clean::subject(&view.subject),
            html: Html { view }.render().map_err(TemplateError::new)?,
            text: Text { view }.render().map_err(TemplateError::new)?,
        })
    }
}

/// Shows nobody's data.
impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texts").finish_non_exhaustive()
    }
}

/// Why a template could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the template could not be written")]
pub struct TemplateError(#[source] Box<dyn Error + Send + Sync>);

impl TemplateError {
    /// Wraps the error of whatever renders the template.
    #[must_use]
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    view: &'a View,
}

#[derive(Template)]
#[template(path = "mail.txt")]
struct Text<'a> {
    view: &'a View,
}
