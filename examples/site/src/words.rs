//! What pages say, in the visitor's language.

use axum::http::{HeaderMap, header};

/// The words of the pages that mails lead to.
pub(crate) struct Words {
    pub(crate) lang: &'static str,
    pub(crate) ask: &'static str,
    pub(crate) rating: &'static str,
    pub(crate) worst: &'static str,
    pub(crate) best: &'static str,
    pub(crate) comment: &'static str,
    pub(crate) send: &'static str,
    pub(crate) choose: &'static str,
    pub(crate) thanks: Notice,
    pub(crate) answered: Notice,
    pub(crate) expired: Notice,
    pub(crate) unknown: Notice,
    pub(crate) unavailable: Notice,
    pub(crate) stop: Notice,
    pub(crate) stop_button: &'static str,
    pub(crate) stopped: Notice,
}

/// A heading and what stands below it.
pub(crate) struct Notice(pub(crate) &'static str, pub(crate) &'static str);

const ENGLISH: Words = Words {
    lang: "en",
    ask: "How was your meeting?",
    rating: "Your rating",
    worst: "Not helpful",
    best: "Very helpful",
    comment: "What should we know? (optional)",
    send: "Send feedback",
    choose: "Please choose a number from 1 to 5.",
    thanks: Notice(
        "Thank you",
        "Your feedback has arrived. It helps us to prepare the next meeting.",
    ),
    answered: Notice(
        "You have answered already",
        "Each link takes one answer, and yours has arrived.",
    ),
    expired: Notice(
        "This link has expired",
        "Feedback was open for a while after the meeting. Reply to our mail if there is something to say.",
    ),
    unknown: Notice(
        "This link does not work",
        "It may have been cut off. Open it from the mail once more.",
    ),
    unavailable: Notice("That did not work", "Nothing was saved. Please try again in a moment."),
    stop: Notice("No more of these mails?", "You still get mails about your bookings."),
    stop_button: "Unsubscribe",
    stopped: Notice("You are unsubscribed", "You only get mails about your bookings from now on."),
};

const GERMAN: Words = Words {
    lang: "de",
    ask: "Wie war Ihr Termin?",
    rating: "Ihre Bewertung",
    worst: "Nicht hilfreich",
    best: "Sehr hilfreich",
    comment: "Was sollten wir wissen? (freiwillig)",
    send: "Rückmeldung senden",
    choose: "Bitte wählen Sie eine Zahl von 1 bis 5.",
    thanks: Notice(
        "Vielen Dank",
        "Ihre Rückmeldung ist angekommen. Sie hilft uns, den nächsten Termin vorzubereiten.",
    ),
    answered: Notice(
        "Sie haben schon geantwortet",
        "Jeder Link nimmt eine Antwort an, und Ihre ist angekommen.",
    ),
    expired: Notice(
        "Dieser Link ist abgelaufen",
        "Rückmeldungen sind nur einige Zeit nach dem Termin möglich. Antworten Sie einfach auf unsere E-Mail.",
    ),
    unknown: Notice(
        "Dieser Link funktioniert nicht",
        "Vielleicht ist er abgeschnitten. Öffnen Sie ihn bitte noch einmal aus der E-Mail.",
    ),
    unavailable: Notice(
        "Das hat nicht geklappt",
        "Es wurde nichts gespeichert. Bitte versuchen Sie es gleich noch einmal.",
    ),
    stop: Notice(
        "Keine solchen E-Mails mehr?",
        "E-Mails zu Ihren Terminen bekommen Sie weiterhin.",
    ),
    stop_button: "Abmelden",
    stopped: Notice(
        "Sie sind abgemeldet",
        "Ab jetzt bekommen Sie nur noch E-Mails zu Ihren Terminen.",
    ),
};

impl Words {
    /// Returns the words in the language that the browser names first of those there are.
    pub(crate) fn of(headers: &HeaderMap) -> &'static Self {
        let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let languages = wanted.unwrap_or_default().split(',');
        for language in languages {
            let tag = language.split(';').next().unwrap_or_default().trim();
            match tag.split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "de" => return &GERMAN,
                "en" => return &ENGLISH,
                _ => {}
            }
        }
        &ENGLISH
    }
}
