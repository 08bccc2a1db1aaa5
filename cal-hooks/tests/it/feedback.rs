//! Links are good for one answer, and only those that the site has signed.

use cal_core::BookingUid;
use cal_hooks::{
    feedback::{Feedback, FeedbackError},
    token::{Purpose, TokenError, Tokens},
};
use cal_store::Appointment;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use crate::place::Place;

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn tokens() -> Tokens {
    Tokens::new("a key of the tests".into())
}

fn in_days(days: i64) -> DateTime<Utc> {
    NOW + TimeDelta::days(days)
}

/// Makes a link and takes its token out.
fn token(feedback: &Feedback, uid: &str, expires_at: DateTime<Utc>) -> String {
    let link = feedback.link("https://example.com/", &uid.into(), expires_at);
    link.strip_prefix("https://example.com/feedback/").unwrap().to_owned()
}

#[tokio::test]
async fn a_link_takes_one_answer() {
    for place in Place::each().await {
        let store = place.store().await;
        let mut appointment = Appointment::new("first".into());
        appointment.service = Some("consultation".to_owned());
        appointment.title = Some("A consultation".to_owned());
        appointment.visitor = Some("v1".to_owned());
        store.keep_appointment(&appointment).await.unwrap();
        let feedback = Feedback::new(store.clone(), tokens());
        let link = token(&feedback, "first", in_days(30));
        for _ in 0..2 {
            let asked = feedback.open(&link, NOW).await.unwrap();
            assert_eq!((asked.uid, asked.service), ("first".into(), appointment.service.clone()));
            assert_eq!(asked.title, appointment.title);
        }
        for none in [0, 6, u8::MAX] {
            let refused = feedback.answer(&link, none, None, NOW).await;
            assert!(matches!(refused, Err(FeedbackError::Rating(found)) if found == none));
        }
        feedback.answer(&link, 5, Some(" It helped. "), NOW).await.unwrap();
        let again = feedback.answer(&link, 1, None, NOW).await;
        assert!(matches!(again, Err(FeedbackError::Answered)), "{again:?}");
        let again = feedback.open(&link, NOW).await;
        assert!(matches!(again, Err(FeedbackError::Answered)), "{again:?}");
        let [kept] = store.feedback_of(&"first".into()).await.unwrap().try_into().unwrap();
        assert_eq!((kept.rating, kept.comment.as_deref(), kept.at), (5, Some("It helped."), NOW));
        let [event] = store.events(9, None).await.unwrap().try_into().unwrap();
        assert_eq!((event.name.as_str(), event.uid), ("feedback_given", Some("first".into())));
        assert_eq!(event.properties.len(), 1, "the comment is none of them");
        // Another link asks again.
        let other = token(&feedback, "first", in_days(60));
        feedback.answer(&other, 3, None, NOW).await.unwrap();
        assert_eq!(store.feedback(9, None).await.unwrap().len(), 2);
        place.clear().await;
    }
}

#[tokio::test]
async fn of_two_answers_at_the_same_time_one_is_kept() {
    for place in Place::each().await {
        let store = place.store().await;
        let feedback = Feedback::new(store.clone(), tokens());
        for round in 0..10 {
            let link = token(&feedback, &format!("uid-{round}"), in_days(30));
            let (left, right) = tokio::join!(
                feedback.answer(&link, 1, None, NOW),
                feedback.answer(&link, 5, None, NOW),
            );
            assert_ne!(left.is_ok(), right.is_ok(), "round {round}");
        }
        assert_eq!(store.feedback(99, None).await.unwrap().len(), 10);
        assert_eq!(store.events(99, None).await.unwrap().len(), 10);
        place.clear().await;
    }
}

#[tokio::test]
async fn a_link_that_has_expired_or_is_not_ours_is_refused() {
    let place = Place::sqlite();
    let store = place.store().await;
    let feedback = Feedback::new(store.clone(), tokens());
    let link = token(&feedback, "first", in_days(30));
    let late = feedback.answer(&link, 5, None, in_days(30)).await;
    assert!(matches!(late, Err(FeedbackError::Expired)), "{late:?}");
    assert!(feedback.open(&link, in_days(30) - TimeDelta::seconds(1)).await.is_ok());
    let others = Feedback::new(store.clone(), Tokens::new("another key of the tests".into()));
    let unsubscribe = tokens().sign(Purpose::Unsubscribe, "first", in_days(30));
    for forged in [token(&others, "first", in_days(30)), unsubscribe, String::new()] {
        let refused = feedback.answer(&forged, 5, None, NOW).await;
        assert!(matches!(refused, Err(FeedbackError::Forged)), "{refused:?}");
    }
    assert_eq!(store.feedback(9, None).await.unwrap(), []);
}

#[tokio::test]
async fn a_store_that_fails_is_told_from_a_link_that_is_refused() {
    for place in Place::each().await {
        let feedback = Feedback::new(place.store().await, tokens());
        let link = token(&feedback, "first", in_days(30));
        place.execute("ALTER TABLE cal_events RENAME TO cal_gone").await;
        let failed = feedback.answer(&link, 5, None, NOW).await;
        assert!(matches!(failed, Err(FeedbackError::Store(_))), "{failed:?}");
        place.execute("ALTER TABLE cal_gone RENAME TO cal_events").await;
        // Nothing was kept without its event.
        feedback.answer(&link, 5, None, NOW).await.unwrap();
        place.clear().await;
    }
}

#[test]
fn a_link_is_the_same_in_every_attempt_and_fits_into_an_address() {
    let token = || tokens().sign(Purpose::Feedback, "ä booking/?#", in_days(1));
    assert_eq!(token(), token());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert!(token().chars().all(is_plain), "{}", token());
}

#[test]
fn a_blank_key_signs_nothing_that_is_good() {
    for key in ["", " \n"] {
        let tokens = Tokens::new(key.into());
        let token = tokens.sign(Purpose::Feedback, "first", in_days(1));
        assert_eq!(tokens.open(Purpose::Feedback, &token, NOW), Err(TokenError::Forged));
    }
}

#[test]
fn the_key_and_the_token_stay_out_of_what_is_shown() {
    let shown = format!("{:?} {} {}", tokens(), TokenError::Forged, TokenError::Expired);
    assert!(!shown.contains("a key of the tests"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cal_testing::times(25)))]

    #[test]
    fn what_was_signed_is_read_until_it_expires(
        subject in ".{0,80}",
        expires_at in 1_i64..4_000_000_000,
        before in 1_i64..1_000_000,
    ) {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let token = tokens().sign(Purpose::Feedback, &subject, at(expires_at));
        let open = |purpose, now| tokens().open(purpose, &token, now);
        prop_assert_eq!(open(Purpose::Feedback, at(expires_at - before)), Ok(subject));
        prop_assert_eq!(open(Purpose::Feedback, at(expires_at)), Err(TokenError::Expired));
        let other = open(Purpose::Unsubscribe, at(expires_at - before));
        prop_assert_eq!(other, Err(TokenError::Forged));
    }

    #[test]
    fn a_token_with_one_other_character_is_refused(
        subject in "[a-z]{0,40}",
        place in any::<prop::sample::Index>(),
        other in "[A-Za-z0-9_=.-]",
    ) {
        let token = tokens().sign(Purpose::Feedback, &subject, in_days(1));
        let at = place.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(at..=at, &other);
        prop_assume!(changed != token);
        prop_assert_eq!(tokens().open(Purpose::Feedback, &changed, NOW), Err(TokenError::Forged));
        let shorter = &token[..at];
        prop_assert_eq!(tokens().open(Purpose::Feedback, shorter, NOW), Err(TokenError::Forged));
        let longer = format!("{token}{other}");
        prop_assert_eq!(tokens().open(Purpose::Feedback, &longer, NOW), Err(TokenError::Forged));
    }

    #[test]
    fn any_text_is_refused_without_a_panic(
        text in "\\PC{0,200}",
        plain in "[A-Za-z0-9_-]{0,2000}",
    ) {
        for text in [text, plain] {
            prop_assert_eq!(tokens().open(Purpose::Feedback, &text, NOW), Err(TokenError::Forged));
        }
    }
}

#[test]
fn a_token_that_is_too_long_is_refused_although_it_was_signed() {
    let long: BookingUid = "x".repeat(800).into();
    let token = tokens().sign(Purpose::Feedback, long.as_str(), in_days(1));
    assert_eq!(tokens().open(Purpose::Feedback, &token, NOW), Err(TokenError::Forged));
    let fits = tokens().sign(Purpose::Feedback, &"x".repeat(700), in_days(1));
    assert!(tokens().open(Purpose::Feedback, &fits, NOW).is_ok());
}
