//! Amounts of money in minor units.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Visitor};

/// An amount in the currency's minor unit: cents, øre, yen.
///
/// Cal.com stores prices as whole minor units; other payment apps may send fractions, which are
/// kept as they are and never rounded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Amount {
    /// A whole number of minor units.
    Minor(i64),
    /// A number that is no whole number of minor units.
    Fraction(f64),
}

impl Amount {
    /// Returns the whole minor units, or `None` for a fraction.
    #[must_use]
    pub fn minor_units(self) -> Option<i64> {
        match self {
            Self::Minor(units) => Some(units),
            Self::Fraction(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyNumber;

        impl Visitor<'_> for AnyNumber {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_i64<E>(self, number: i64) -> Result<Amount, E> {
                Ok(Amount::Minor(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Amount, E> {
                Ok(i64::try_from(number).map_or(Amount::Fraction(number as f64), Amount::Minor))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Amount, E> {
                Ok(Amount::Fraction(number))
            }
        }

        deserializer.deserialize_any(AnyNumber)
    }
}

/// A currency code in upper case: `EUR`, `USD`, `BTC`.
///
/// Payloads spell currencies in either case; two spellings of one currency are equal here.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Currency(String);

impl Currency {
    /// Returns the code in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Currency {
    fn from(code: &str) -> Self {
        Self(code.to_ascii_uppercase())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An amount of money: whole minor units of one currency.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Money {
    /// The number of minor units.
    pub minor_units: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    pub(crate) fn of(amount: Option<Amount>, currency: Option<&str>) -> Option<Self> {
        Some(Self { minor_units: amount?.minor_units()?, currency: currency?.into() })
    }
}
