//! Amounts of money as people write them.

use cal_core::Money;

use super::locale::Language;
use crate::money::digits;

/// Writes an amount with its currency's code: `EUR 1,234.50`, `1.234,50 EUR`, `JPY 1,200`.
pub(super) fn written(money: &Money, language: &Language) -> String {
    let digits = digits(money.currency.as_str());
    let units = money.minor_units.unsigned_abs();
    let scale = 10_u64.pow(digits);
    let mut amount = grouped(units / scale, &language.group);
    if digits > 0 {
        let rest = units % scale;
        amount.push_str(&language.decimal);
        amount.push_str(&format!("{rest:0width$}", width = digits as usize));
    }
    if money.minor_units < 0 {
        amount.insert(0, '−');
    }
    let currency = money.currency.as_str();
    language.money.fill(&[("amount", &amount), ("currency", currency)])
}

/// Puts a mark between groups of three digits.
fn grouped(number: u64, mark: &str) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push_str(mark);
        }
        grouped.push(digit);
    }
    grouped
}
