//! Keeps what was paid in the site's own database.

use cal_core::{Amount, Booking, Currency, Meeting, Payment, PaymentInfo};
use cal_store::{Charge, SqlStore};
use cal_webhook::{Context, HookError, Lifecycle};

/// Keeps the state of each booking's payments in the site's own database, under the name `payments`;
/// [`SqlStore::payments`] shows them.
///
/// A payment is initiated, then paid, or a no-show fee is charged. Cal.com has no trigger for money
/// that goes back: only the payment rows of a meeting that starts or ends can show it. Whoever gives
/// money back by hand says so with [`SqlStore::mark_refunded`].
///
/// ```
/// use cal_hooks::payments::Payments;
/// use cal_store::SqlStore;
/// use cal_webhook::Dispatcher;
///
/// fn with_payments(hooks: Dispatcher, store: SqlStore) -> Dispatcher {
///     hooks.hook(Payments::new(store))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Payments {
    store: SqlStore,
}

impl Payments {
    /// Keeps payments in a store, which may be the one that keeps the deliveries.
    #[must_use]
    pub fn new(store: SqlStore) -> Self {
        Self { store }
    }

    async fn look_for_refunds(&self, cx: &Context, meeting: &Meeting) -> Result<(), HookError> {
        let rows = meeting.payment.iter().flatten();
        for row in rows.filter(|row| row.refunded == Some(true) && row.id.is_some()) {
            let charge = Charge { number: row.id, uid: meeting.uid.clone(), ..Charge::default() };
            self.store.payment_refunded(&charge, cx.reported_at()).await?;
        }
        Ok(())
    }
}

impl Lifecycle for Payments {
    fn name(&self) -> &str {
        "payments"
    }

    async fn on_payment_initiated(&self, cx: &Context, booking: &Booking) -> Result<(), HookError> {
        self.store.payment_initiated(&charge(booking), cx.reported_at()).await?;
        Ok(())
    }

    async fn on_paid(&self, cx: &Context, booking: &Booking) -> Result<(), HookError> {
        self.store.payment_paid(&charge(booking), cx.reported_at()).await?;
        Ok(())
    }

    async fn on_no_show_fee(&self, cx: &Context, booking: &Booking) -> Result<(), HookError> {
        self.store.no_show_fee(&charge(booking), cx.reported_at()).await?;
        Ok(())
    }

    async fn on_started(&self, cx: &Context, meeting: &Meeting) -> Result<(), HookError> {
        self.look_for_refunds(cx, meeting).await
    }

    async fn on_ended(&self, cx: &Context, meeting: &Meeting) -> Result<(), HookError> {
        self.look_for_refunds(cx, meeting).await
    }
}

/// Reads the payment of a booking: of a no-show fee its row, else what the booking says about its
/// payment, else the price.
fn charge(booking: &Booking) -> Charge {
    let row: Option<&Payment> = booking.payment_data.as_deref();
    let info: Option<&PaymentInfo> = booking.payment_info.as_deref();
    let places = [
        row.map(|row| (row.amount, row.currency.as_deref())),
        info.map(|info| (info.amount, info.currency.as_deref())),
        Some((booking.price_amount, booking.currency.as_deref())),
    ];
    let known = |(amount, currency): (Option<Amount>, Option<&str>)| {
        // A fraction is an amount, too, and no other one stands for it.
        Some((amount?.minor_units(), Currency::from(currency.filter(|code| !code.is_empty())?)))
    };
    let (amount, currency) = places.into_iter().flatten().find_map(known).unzip();
    Charge {
        number: booking.payment_id.or(row.and_then(|row| row.id)),
        uid: booking.uid.clone(),
        booking: booking.id.or(row.and_then(|row| row.booking_id)),
        amount: amount.flatten(),
        currency,
    }
}
