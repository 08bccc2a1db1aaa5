//! How many digits the minor units of currencies have.

/// Currencies without a minor unit, as Stripe charges them (<https://docs.stripe.com/currencies>).
const WHOLE: [&str; 16] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV",
    "XAF", "XOF", "XPF",
];

/// Currencies whose minor unit is a thousandth (ISO 4217).
const THOUSANDTHS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// Returns how many digits the minor unit has; bitcoin is counted in satoshi.
pub(crate) fn digits(currency: &str) -> u32 {
    match currency {
        "BTC" => 8,
        _ if WHOLE.contains(&currency) => 0,
        _ if THOUSANDTHS.contains(&currency) => 3,
        _ => 2,
    }
}
