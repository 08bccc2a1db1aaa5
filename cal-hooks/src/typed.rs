//! Texts that people typed, without the marks that Cal.com puts before them.

use cal_core::Booking;

/// The mark by which Cal.com's own pages know that a cancellation asks for another time.
const MARK: &str = "$RCH$";

/// The prefix of the reason of such a cancellation, in English whatever the language.
const ASK: &str = "Please reschedule.";

/// Returns why a booking was cancelled or declined, as it was typed.
pub(crate) fn reason(booking: &Booking) -> Option<String> {
    let texts = [&booking.cancellation_reason, &booking.rejection_reason];
    texts.into_iter().flatten().map(|text| plain(text)).find(|text| !text.is_empty())
}

/// Takes marks and prefixes of Cal.com's own off a text, in whichever order and number they stand.
pub(crate) fn plain(text: &str) -> String {
    let text = text.replace(MARK, "");
    let mut text = text.trim();
    while let Some(rest) = text.strip_prefix(ASK) {
        text = rest.trim();
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_prefixes_are_taken_off() {
        for text in [
            "Train is late",
            "$RCH$Train is late",
            "Please reschedule. Train is late",
            "$RCH$ Please reschedule. Train is late\n",
            "Please reschedule. $RCH$Train is late",
            "$RCH$$RCH$Please reschedule. Please reschedule. Train is late",
        ] {
            assert_eq!(plain(text), "Train is late", "{text}");
        }
        for text in ["", " ", "$RCH$", "Please reschedule. ", "$RCH$Please reschedule."] {
            assert_eq!(plain(text), "", "{text}");
        }
        assert_eq!(plain("It costs $5. Please reschedule."), "It costs $5. Please reschedule.");
    }
}
