//! Payments of a booking and no-show fees.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::skip_serializing_none;

use crate::{Amount, BookingId, Money, PaymentId, wire::open_enum};

open_enum! {
    /// When a payment is taken.
    pub enum PaymentOption {
        /// The card is kept and charged only when the guest does not come.
        Hold = "HOLD",
        /// The guest pays while booking.
        OnBooking = "ON_BOOKING",
    }
}

/// What a booking says about its payment (`paymentInfo`).
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PaymentInfo {
    /// Where the guest pays.
    pub link: Option<String>,
    /// Why a payment is due.
    pub reason: Option<String>,
    /// The payment's id at its app.
    pub id: Option<String>,
    /// When the payment is taken.
    pub payment_option: Option<PaymentOption>,
    /// The amount; see [`PaymentInfo::money`].
    pub amount: Option<Amount>,
    /// The currency code, in either case.
    pub currency: Option<String>,
}

impl PaymentInfo {
    /// Returns the amount with its currency, when both are known and the amount is whole.
    #[must_use]
    pub fn money(&self) -> Option<Money> {
        Money::of(self.amount, self.currency.as_deref())
    }
}

/// A row of Cal.com's payment table (`paymentData`, and `payment` of a meeting).
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Payment {
    /// The payment's number.
    pub id: Option<PaymentId>,
    /// The payment's public id.
    pub uid: Option<String>,
    /// The payment app, `stripe`.
    pub app_id: Option<String>,
    /// The booking's number.
    pub booking_id: Option<BookingId>,
    /// The amount; see [`Payment::money`].
    pub amount: Option<Amount>,
    /// The fee that Cal.com keeps, in the same unit.
    pub fee: Option<Amount>,
    /// The currency code, in either case.
    pub currency: Option<String>,
    /// Whether the money was taken, or for a held card, whether the card is set up.
    pub success: Option<bool>,
    /// Whether the money went back.
    pub refunded: Option<bool>,
    /// What the payment app stored; free-form.
    pub data: Option<Value>,
    /// The payment's id at its provider.
    pub external_id: Option<String>,
    /// When the payment is taken.
    pub payment_option: Option<PaymentOption>,
}

impl Payment {
    /// Returns the amount with its currency, when both are known and the amount is whole.
    #[must_use]
    pub fn money(&self) -> Option<Money> {
        Money::of(self.amount, self.currency.as_deref())
    }
}
