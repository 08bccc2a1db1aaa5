//! Payments, each of which goes forward only.

use std::collections::BTreeMap;

use cal_core::{BookingId, PaymentId};
use cal_store::{Charge, PaymentKind, PaymentState};
use serde_json::json;

use crate::{
    bodies::booking,
    business::{at, charge},
    desk::{WHO, audit, take},
    place::Place,
};

#[tokio::test]
async fn a_payment_goes_forward_only_and_each_step_is_news_once() {
    for place in Place::each().await {
        let store = place.store().await;
        let payment = charge(5, "first", 5000, "eur");
        assert!(!store.payment_refunded(&payment, at(1)).await.unwrap(), "nothing came yet");
        assert!(store.payment_initiated(&payment, at(4)).await.unwrap());
        assert!(!store.payment_initiated(&payment, at(5)).await.unwrap());
        assert!(!store.payment_refunded(&payment, at(5)).await.unwrap());
        assert!(store.payment_paid(&charge(5, "first", 4500, "EUR"), at(6)).await.unwrap());
        assert!(!store.payment_paid(&payment, at(7)).await.unwrap());
        assert!(!store.payment_initiated(&payment, at(8)).await.unwrap());
        let [paid] = store.payments(9, None).await.unwrap().try_into().unwrap();
        assert_eq!((paid.key.as_str(), paid.uid), ("5", Some("first".into())));
        assert_eq!((paid.kind, paid.state), (PaymentKind::Booking, PaymentState::Paid));
        assert_eq!((paid.amount, paid.currency.as_deref()), (Some(4500), Some("EUR")));
        assert_eq!((paid.initiated_at, paid.paid_at), (Some(at(4)), Some(at(6))));
        assert!(store.payment_refunded(&payment, at(9)).await.unwrap());
        assert!(!store.payment_refunded(&payment, at(10)).await.unwrap());
        assert!(!store.payment_paid(&payment, at(11)).await.unwrap());
        let [back] = store.payments_of(&"first".into()).await.unwrap().try_into().unwrap();
        assert_eq!((back.state, back.refunded_at), (PaymentState::Refunded, Some(at(9))));
        assert_eq!(json!(back)["state"], "refunded");
        place.clear().await;
    }
}

#[tokio::test]
async fn a_late_initiation_does_not_take_the_money_back() {
    for place in Place::each().await {
        let store = place.store().await;
        assert!(store.payment_paid(&charge(5, "first", 5000, "eur"), at(6)).await.unwrap());
        store.payment_initiated(&charge(5, "first", 9900, "usd"), at(4)).await.unwrap();
        let [paid] = store.payments(9, None).await.unwrap().try_into().unwrap();
        assert_eq!((paid.state, paid.amount), (PaymentState::Paid, Some(5000)));
        assert_eq!(paid.currency.as_deref(), Some("EUR"));
        assert_eq!(paid.initiated_at, Some(at(4)));
        place.clear().await;
    }
}

#[tokio::test]
async fn a_payment_without_a_number_gets_the_one_that_comes_later() {
    for place in Place::each().await {
        let store = place.store().await;
        store.payment_initiated(&charge(0, "first", 5000, "eur"), at(4)).await.unwrap();
        assert_eq!(store.payments(9, None).await.unwrap()[0].key, "first");
        store.payment_paid(&charge(5, "first", 5000, "eur"), at(5)).await.unwrap();
        store.payment_paid(&charge(0, "first", 5000, "eur"), at(6)).await.unwrap();
        let [paid] = store.payments(9, None).await.unwrap().try_into().unwrap();
        assert_eq!((paid.key.as_str(), paid.number), ("5", Some(PaymentId(5))));
        assert_eq!(paid.paid_at, Some(at(5)));
        // Another seat of the same booking.
        store.payment_paid(&charge(6, "first", 5000, "eur"), at(6)).await.unwrap();
        assert_eq!(store.payments_of(&"first".into()).await.unwrap().len(), 2);
        assert!(!store.payment_paid(&Charge::default(), at(6)).await.unwrap());
        place.clear().await;
    }
}

#[tokio::test]
async fn a_card_that_was_held_becomes_a_fee_and_finds_its_booking() {
    for place in Place::each().await {
        let store = place.store().await;
        take(&store, booking("BOOKING_CREATED", json!({})), &[]).await;
        let fee = Charge { uid: None, booking: Some(BookingId(7)), ..charge(5, "", 2500, "nok") };
        store.payment_initiated(&charge(5, "first", 5000, "nok"), at(4)).await.unwrap();
        assert!(store.no_show_fee(&fee, at(5)).await.unwrap());
        assert!(!store.no_show_fee(&fee, at(6)).await.unwrap());
        let other = Charge { number: Some(PaymentId(6)), ..fee };
        assert!(store.no_show_fee(&other, at(6)).await.unwrap());
        let fees = store.payments_of(&"first".into()).await.unwrap();
        assert_eq!(fees.len(), 2);
        assert!(fees.iter().all(|fee| fee.kind == PaymentKind::NoShowFee));
        assert!(fees.iter().all(|fee| fee.amount == Some(2500)));
        place.clear().await;
    }
}

#[tokio::test]
async fn sums_are_kept_apart_by_currency() {
    for place in Place::each().await {
        let store = place.store().await;
        for (number, amount, currency) in [(1, 5000, "eur"), (2, 700, "EUR"), (3, 900, "jpy")] {
            let payment = charge(number, "first", amount, currency);
            store.payment_paid(&payment, at(5)).await.unwrap();
        }
        store.payment_initiated(&charge(4, "first", 1, "usd"), at(5)).await.unwrap();
        let unknown = Charge { currency: None, ..charge(5, "first", 1, "") };
        store.payment_paid(&unknown, at(5)).await.unwrap();
        let sums = |sums: &[(&str, i64)]| -> BTreeMap<String, i64> {
            sums.iter().map(|(currency, sum)| ((*currency).to_owned(), *sum)).collect()
        };
        let paid = store.payment_sums(PaymentState::Paid).await.unwrap();
        assert_eq!(paid, sums(&[("EUR", 5700), ("JPY", 900)]));
        let due = store.payment_sums(PaymentState::Initiated).await.unwrap();
        assert_eq!(due, sums(&[("USD", 1)]));
        let page = store.payments(2, Some("3")).await.unwrap();
        assert_eq!(page.iter().map(|payment| &*payment.key).collect::<Vec<_>>(), ["2", "1"]);
        place.clear().await;
    }
}

#[tokio::test]
async fn an_operator_gives_money_back_and_is_named() {
    for place in Place::each().await {
        let store = place.store().await;
        store.payment_initiated(&charge(5, "first", 5000, "eur"), at(4)).await.unwrap();
        assert!(!store.mark_refunded("5", WHO).await.unwrap());
        store.payment_paid(&charge(5, "first", 5000, "eur"), at(4)).await.unwrap();
        assert!(store.mark_refunded("5", " ").await.is_err());
        assert_eq!(audit(&store).await, []);
        assert!(store.mark_refunded("5", WHO).await.unwrap());
        assert!(!store.mark_refunded("5", WHO).await.unwrap());
        assert_eq!(audit(&store).await, [("refund".to_owned(), "payment 5".to_owned())]);
        let [back] = store.payments(9, None).await.unwrap().try_into().unwrap();
        assert_eq!(back.state, PaymentState::Refunded);
        place.clear().await;
    }
}
