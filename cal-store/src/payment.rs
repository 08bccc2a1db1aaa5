//! Payments: initiated, paid, charged because nobody came, and given back.

mod record;

use std::collections::BTreeMap;

use cal_core::{BookingId, BookingUid, Currency, PaymentId};
use cal_webhook::StoreError;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{SqlStore, database::Arg, operate::named, time::Micros};

/// What is known of a payment.
///
/// It is told from others by its number, or else by its booking's uid.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Charge {
    /// The payment's number at Cal.com.
    pub number: Option<PaymentId>,
    /// The booking's uid.
    pub uid: Option<BookingUid>,
    /// The booking's number, by which the uid is looked up where it is missing.
    pub booking: Option<BookingId>,
    /// The amount in the currency's minor unit; without a currency it says nothing and is not kept.
    pub amount: Option<i64>,
    /// The currency.
    pub currency: Option<Currency>,
}

/// What a payment is for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PaymentKind {
    /// For a booking.
    Booking,
    /// For not coming.
    NoShowFee,
}

/// How a payment stands.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PaymentState {
    /// It is due.
    Initiated,
    /// The money came.
    Paid,
    /// The money came, and went back.
    Refunded,
}

/// A payment.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PaymentRecord {
    /// The payment's number, or the booking's uid while the number is unknown.
    pub key: String,
    /// The booking's uid.
    pub uid: Option<BookingUid>,
    /// The payment's number at Cal.com.
    pub number: Option<PaymentId>,
    /// What it is for.
    pub kind: PaymentKind,
    /// How it stands.
    pub state: PaymentState,
    /// The amount in the currency's minor unit; `None` when unknown or no whole number of them.
    pub amount: Option<i64>,
    /// The currency code in upper case.
    pub currency: Option<String>,
    /// When it became due.
    pub initiated_at: Option<DateTime<Utc>>,
    /// When the money came.
    pub paid_at: Option<DateTime<Utc>>,
    /// When the money went back.
    pub refunded_at: Option<DateTime<Utc>>,
}

type PaymentRow = (
    String,
    Option<String>,
    Option<i64>,
    String,
    String,
    Option<i64>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
);

impl SqlStore {
    /// Records that a payment is due, and returns whether that was news.
    ///
    /// It never takes back that the money came. A payment with neither a number nor a booking is
    /// not recorded.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach; so do all the others.
    pub async fn payment_initiated(
        &self,
        charge: &Charge,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.record_payment(charge, PaymentKind::Booking, PaymentState::Initiated, at).await
    }

    /// Records that the money for a booking came, and returns whether that was news.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn payment_paid(
        &self,
        charge: &Charge,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.record_payment(charge, PaymentKind::Booking, PaymentState::Paid, at).await
    }

    /// Records that a fee was charged because somebody did not come, and returns whether that was
    /// news.
    ///
    /// A card that was held for it has the same payment number: that payment becomes the fee.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn no_show_fee(
        &self,
        charge: &Charge,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.record_payment(charge, PaymentKind::NoShowFee, PaymentState::Paid, at).await
    }

    /// Records that the money went back, and returns whether that was news: only money that came
    /// can go back.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn payment_refunded(
        &self,
        charge: &Charge,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut lent = self.shared.database.write().await?;
        let done = record::refund(&mut lent.conn(), charge, at.into()).await;
        lent.end(done).await
    }

    /// Writes down that an operator has given the money of a payment back; `false` when there is no
    /// payment of this key that was paid.
    ///
    /// It moves no money. [`SqlStore::audit`] tells who did it.
    ///
    /// # Errors
    ///
    /// Fails when no actor is named or the database is out of reach.
    pub async fn mark_refunded(&self, key: &str, actor: &str) -> Result<bool, StoreError> {
        let actor = named(actor)?;
        let mut lent = self.shared.database.write().await?;
        let done = record::mark(&mut lent.conn(), key, actor).await;
        lent.end(done).await
    }

    /// Returns up to `limit` payments, the newest first, after the one of this key.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn payments(
        &self,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Vec<PaymentRecord>, StoreError> {
        const PAYMENTS: &str = "SELECT key, uid, number, kind, state, amount, currency, \
                initiated_at, paid_at, refunded_at FROM cal_payments \
            WHERE seq < coalesce((SELECT seq FROM cal_payments WHERE key = $2), $3) \
            ORDER BY seq DESC LIMIT $1";
        let limit = Arg::Int(i64::try_from(limit).unwrap_or(i64::MAX));
        let args = [limit, Arg::MaybeText(after), Arg::Int(i64::MAX)];
        let rows: Vec<PaymentRow> = self.ask(PAYMENTS, &args).await?;
        Ok(rows.into_iter().map(payment).collect())
    }

    /// Returns the payments of a booking, the oldest first.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn payments_of(&self, uid: &BookingUid) -> Result<Vec<PaymentRecord>, StoreError> {
        const PAYMENTS: &str = "SELECT key, uid, number, kind, state, amount, currency, \
            initiated_at, paid_at, refunded_at FROM cal_payments WHERE uid = $1 ORDER BY seq";
        let rows: Vec<PaymentRow> = self.ask(PAYMENTS, &[Arg::Text(uid.as_str())]).await?;
        Ok(rows.into_iter().map(payment).collect())
    }

    /// Returns the sum of all payments in a state, for each currency in its minor unit.
    ///
    /// Currencies are never added up. Payments of an unknown amount are left out.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach, or when a sum has more than 63 bits.
    pub async fn payment_sums(
        &self,
        state: PaymentState,
    ) -> Result<BTreeMap<String, i64>, StoreError> {
        const SUMS: &str = "SELECT currency, CAST(sum(amount) AS BIGINT) FROM cal_payments \
            WHERE state = $1 AND amount IS NOT NULL AND currency IS NOT NULL GROUP BY currency";
        let rows: Vec<(String, i64)> = self.ask(SUMS, &[Arg::Text(state.as_str())]).await?;
        Ok(rows.into_iter().collect())
    }

    async fn record_payment(
        &self,
        charge: &Charge,
        kind: PaymentKind,
        state: PaymentState,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut lent = self.shared.database.write().await?;
        let done = record::record(&mut lent.conn(), charge, kind, state, at.into()).await;
        lent.end(done).await
    }
}

impl PaymentKind {
    /// Returns the name in snake case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Booking => "booking",
            Self::NoShowFee => "no_show_fee",
        }
    }
}

impl PaymentState {
    /// Returns the name in snake case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initiated => "initiated",
            Self::Paid => "paid",
            Self::Refunded => "refunded",
        }
    }
}

fn payment(row: PaymentRow) -> PaymentRecord {
    let (key, uid, number, kind, state, amount, currency, initiated_at, paid_at, refunded_at) = row;
    let kinds = [PaymentKind::Booking, PaymentKind::NoShowFee];
    let states = [PaymentState::Initiated, PaymentState::Paid, PaymentState::Refunded];
    let time = |at: Option<i64>| at.map(|at| Micros(at).into());
    PaymentRecord {
        key,
        uid: uid.map(BookingUid::from),
        number: number.map(PaymentId),
        kind: kinds
            .into_iter()
            .find(|known| known.as_str() == kind)
            .unwrap_or(PaymentKind::Booking),
        state: states
            .into_iter()
            .find(|known| known.as_str() == state)
            .unwrap_or(PaymentState::Initiated),
        amount,
        currency,
        initiated_at: time(initiated_at),
        paid_at: time(paid_at),
        refunded_at: time(refunded_at),
    }
}
