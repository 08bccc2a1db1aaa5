//! What mails say.

use cal_hooks::email::{Kind, TemplateError, Texts};
use serde_json::json;

use super::{Outbox, booking};

const ENGLISH: &str = include_str!("../../../locales/en.json");

fn attendee(locale: &str, zone: &str) -> serde_json::Value {
    json!([{
        "name": "Jonas Weber",
        "email": "jonas@example.org",
        "timeZone": zone,
        "language": {"locale": locale},
    }])
}

#[test]
fn every_mail_is_complete_in_both_languages() {
    for (language, service) in [("en", "What"), ("de", "Was")] {
        let booking = booking(json!({
            "attendees": attendee(language, "Europe/Paris"),
            "organizer": {"name": "Ida Falk", "email": "ida@example.com", "language": {"locale": language}},
            "rescheduleStartTime": "2026-05-07T12:30:00Z",
        }));
        for kind in Kind::ALL {
            let Texts { subject, html, text } =
                Outbox::default().mailer().preview(kind, &booking).unwrap();
            let all = format!("{subject}{}{text}", html.split_once("</style>").unwrap().1);
            assert!(!all.contains('{') && !all.contains('}'), "{language} {kind:?}: {all}");
            assert!(subject.contains("Strategy hour"), "{language} {kind:?}: {subject}");
            assert!(html.contains(&format!("<html lang=\"{language}\" dir=\"ltr\">")), "{kind:?}");
            assert!(text.contains(&format!("{service}:\n  Strategy hour\n")), "{kind:?}: {text}");
            assert!(html.len() < 102 * 1024, "{kind:?}: {}", html.len());
            assert!(!html.contains("<img") && !html.contains("<table"), "{kind:?}");
        }
    }
}

#[test]
fn no_sentence_is_the_same_in_both_languages() {
    let mailer = Outbox::default().mailer();
    let mail = |kind, locale| {
        let members = json!({
            "attendees": attendee(locale, "Europe/Paris"),
            "organizer": {"name": "Ida Falk", "email": "ida@example.com", "language": {"locale": locale}},
        });
        mailer.preview(kind, &booking(members)).unwrap()
    };
    for kind in Kind::ALL {
        let [english, german] = ["en", "de"].map(|locale| mail(kind, locale));
        assert_ne!(english.subject, german.subject, "{kind:?}");
        let lines = |text: &Texts| text.text.lines().take(5).map(str::to_owned).collect::<Vec<_>>();
        for (english, german) in lines(&english).iter().zip(lines(&german)) {
            assert!(english.is_empty() || *english != german, "{kind:?}: {english}");
        }
    }
}

#[test]
fn the_subject_has_date_and_time_on_the_attendees_clocks() {
    for (locale, zone, want) in [
        ("en", "America/Vancouver", "on Monday, May 11, 2026 at 1:00 AM"),
        ("en", "Asia/Kathmandu", "on Monday, May 11, 2026 at 1:45 PM"),
        ("de", "Europe/Berlin", "am Montag, 11. Mai 2026, 10:00 Uhr"),
        ("de-AT", "Europe/Vienna", "am Montag, 11. Mai 2026, 10:00 Uhr"),
        ("fi", "Europe/Helsinki", "on Monday, May 11, 2026 at 11:00 AM"),
        ("en", "", "at 10:00 AM"),
    ] {
        let booking = booking(json!({"attendees": attendee(locale, zone)}));
        let texts = Outbox::default().mailer().preview(Kind::Confirmed, &booking).unwrap();
        assert!(texts.subject.contains(want), "{locale} {zone}: {}", texts.subject);
    }
}

#[test]
fn the_hosts_time_stands_there_only_when_it_differs() {
    for (zone, differs) in [("Europe/Paris", false), ("Europe/London", true)] {
        let booking = booking(json!({"attendees": attendee("en", zone)}));
        let texts = Outbox::default().mailer().preview(Kind::Confirmed, &booking).unwrap();
        assert!(texts.text.contains(zone), "{}", texts.text);
        assert_eq!(texts.text.contains("Europe/Oslo (UTC+02:00)"), differs, "{}", texts.text);
    }
}

#[test]
fn a_moved_booking_shows_both_times_and_strikes_the_old_one() {
    let booking = booking(json!({"rescheduleStartTime": "2026-05-07T12:30:00Z"}));
    let texts = Outbox::default().mailer().preview(Kind::Rescheduled, &booking).unwrap();
    let old = ["Thursday, May 7, 2026", "2:30 PM – 3:30 PM"];
    for line in old.iter().chain(&["Monday, May 11, 2026", "10:00 AM – 11:00 AM"]) {
        assert!(texts.text.contains(line), "{line}: {}", texts.text);
        let is_struck = texts.html.contains(&format!("<bdi>{line}</bdi></s>"));
        assert_eq!(is_struck, old.contains(line), "{line}");
    }
}

#[test]
fn amounts_follow_the_currency_and_the_language() {
    for (locale, amount, currency, want) in [
        ("en", 123_456, "eur", "EUR 1,234.56"),
        ("de", 123_456, "EUR", "1.234,56 EUR"),
        ("en", 1_200, "jpy", "JPY 1,200"),
        ("en", 5_000_005, "KWD", "KWD 5,000.005"),
        ("de", 9, "usd", "0,09 USD"),
    ] {
        let members = json!({
            "attendees": attendee(locale, "Europe/Paris"), "price": amount, "currency": currency,
        });
        let texts = Outbox::default().mailer().preview(Kind::Receipt, &booking(members)).unwrap();
        assert!(texts.text.contains(&format!("  {want}\n")), "{want}: {}", texts.text);
    }
}

#[test]
fn a_length_is_told_in_the_right_number() {
    for (end, english, german) in [
        ("2026-05-11T09:00:00Z", "1 hour", "1 Stunde"),
        ("2026-05-11T10:00:00Z", "2 hours", "2 Stunden"),
        ("2026-05-11T08:45:00Z", "45 minutes", "45 Minuten"),
        ("2026-05-11T08:01:00Z", "1 minute", "1 Minute"),
    ] {
        for (locale, want) in [("en", english), ("de", german)] {
            let members = json!({"attendees": attendee(locale, "Europe/Paris"), "endTime": end});
            let mail = Outbox::default().mailer().preview(Kind::Confirmed, &booking(members));
            assert!(mail.unwrap().text.contains(&format!("  {want}\n")), "{want}");
        }
    }
}

#[test]
fn a_booking_over_midnight_names_both_days() {
    let members = json!({
        "startTime": "2026-05-11T21:30:00Z",
        "endTime": "2026-05-11T22:30:00Z",
    });
    let texts = Outbox::default().mailer().preview(Kind::Confirmed, &booking(members)).unwrap();
    assert!(texts.text.contains("11:30 PM – Tuesday, May 12, 2026, 12:30 AM"), "{}", texts.text);
}

#[test]
fn the_buttons_have_cal_coms_addresses() {
    for (members, move_it, cancel) in [
        (
            json!({}),
            Some("https://cal.com/reschedule/first"),
            Some("https://cal.com/booking/first?cancel=true&allRemainingBookings=false"),
        ),
        (
            json!({"bookerUrl": "https://cal.example.com"}),
            Some("https://cal.example.com/reschedule/first"),
            Some("https://cal.example.com/booking/first?cancel=true&allRemainingBookings=false"),
        ),
        (
            json!({"attendeeSeatId": "seat", "seatsPerTimeSlot": 5}),
            Some("https://cal.com/reschedule/seat"),
            Some(
                "https://cal.com/booking/first?cancel=true&allRemainingBookings=false\
                &seatReferenceUid=seat",
            ),
        ),
        (json!({"seatsPerTimeSlot": 5}), None, None),
        (json!({"disableRescheduling": true, "disableCancelling": true}), None, None),
        (
            json!({
                "platformClientId": "client",
                "platformRescheduleUrl": "https://app.example.com/move",
                "platformCancelUrl": "https://app.example.com/cancel",
            }),
            Some("https://app.example.com/move/first?slug=strategy&username=ida&reschedule=true"),
            Some(
                "https://app.example.com/cancel/first?slug=strategy&username=ida&cancel=true\
                &allRemainingBookings=false",
            ),
        ),
        (json!({"platformClientId": "client"}), None, None),
    ] {
        let texts = Outbox::default().mailer().preview(Kind::Confirmed, &booking(members.clone()));
        let text = texts.unwrap().text;
        let link = |label: &str| {
            let after = text.split_once(&format!("{label}:\n  "))?.1;
            after.lines().next().map(str::to_owned)
        };
        assert_eq!(link("Choose another time").as_deref(), move_it, "{members}");
        assert_eq!(link("Cancel booking").as_deref(), cancel, "{members}");
    }
}

#[test]
fn a_cancelled_booking_says_who_and_why_and_how_to_come_back() {
    let booking = booking(json!({
        "cancelledBy": "IDA@example.com",
        "cancellationReason": "I have to travel.",
    }));
    let text = Outbox::default().mailer().preview(Kind::Cancelled, &booking).unwrap().text;
    for part in [
        "Cancelled by:\n  Ida Falk\n",
        "Reason:\n  I have to travel.\n",
        "Book a new time:\n  https://cal.com/ida/strategy\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let own = Outbox::default().mailer().rebook("https://booking.example.com/book").unwrap();
    let text = own.preview(Kind::Cancelled, &booking).unwrap().text;
    assert!(text.contains("https://booking.example.com/book"), "{text}");
}

#[test]
fn an_added_language_is_used_and_a_broken_one_is_named() {
    let french = ENGLISH.replace("\"tag\": \"en\"", "\"tag\": \"fr\"").replace("Hello", "Bonjour");
    let mailer = Outbox::default().mailer().language(&french).unwrap();
    let booking = booking(json!({"attendees": attendee("fr-CA", "Europe/Paris")}));
    let text = mailer.preview(Kind::Confirmed, &booking).unwrap().text;
    assert!(text.contains("Bonjour Jonas Weber,"), "{text}");

    let broken = french.replace("\"heading\":", "\"headline\":");
    let error = Outbox::default().mailer().language(&broken).unwrap_err().to_string();
    assert!(error.contains("headline"), "{error}");
}

#[test]
fn a_template_can_be_replaced() {
    let mailer = Outbox::default().mailer().template(Kind::Confirmed, |view| {
        let when = view.fact("when").ok_or_else(|| TemplateError::new("no time"))?;
        let texts = Texts::of(view)?;
        Ok(Texts { text: format!("Come! {}", when.lines.join(", ")), ..texts })
    });
    let [own, other] = [Kind::Confirmed, Kind::Reminder]
        .map(|kind| mailer.preview(kind, &booking(json!({}))).unwrap());
    assert!(own.text.starts_with("Come! Monday, May 11, 2026, 10:00 AM"), "{}", own.text);
    assert!(other.text.starts_with("Your booking is coming up"), "{}", other.text);
}

#[test]
fn a_site_must_be_a_web_address() {
    for url in [
        "",
        "booking.example.com",
        "ftp://example.com",
        "javascript:alert(1)",
        "https://a@b.example",
    ] {
        assert!(Outbox::default().mailer().site(url).is_err(), "{url}");
    }
}

#[test]
fn cancelling_is_never_the_main_button() {
    let mailer = Outbox::default().mailer();
    for kind in Kind::ALL {
        let Texts { html, .. } = mailer.preview(kind, &booking(json!({}))).unwrap();
        let main = html.split("<a ").find(|link| link.starts_with("class=\"main\""));
        assert!(main.is_none_or(|link| !link.contains("Cancel booking")), "{kind:?}: {main:?}");
        if kind == Kind::Requested {
            assert!(
                html.contains("<a class=\"side\"") && html.contains("Cancel booking"),
                "{html}"
            );
        }
    }
}

#[test]
fn a_notice_about_nobody_has_no_gap() {
    let booking = booking(json!({"attendees": []}));
    let Texts { subject, text, .. } =
        Outbox::default().mailer().preview(Kind::Host, &booking).unwrap();
    assert!(subject.contains("Somebody, Strategy hour"), "{subject}");
    assert!(text.contains("Somebody has booked"), "{text}");
}
