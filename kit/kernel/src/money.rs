//! Money in minor units. No floating point, no silent overflow, no mixing of currencies.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 4217 alphabetic code, such as `INR`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Indian rupee.
    pub const INR: Self = Self(*b"INR");

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }
}

/// The text was not three capital letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a currency: expected an ISO 4217 code such as INR")]
pub struct NotACurrency;

impl FromStr for Currency {
    type Err = NotACurrency;
    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(NotACurrency),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Currency {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["INR"]})
    }
}

/// An amount of one currency in its minor unit (paise, cents); may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units: 12345 is 123.45 rupees.
    pub amount: i64,
    /// ISO 4217 code.
    pub currency: Currency,
}

/// Why amounts could not be combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies met.
    #[error("amounts of {0} and {1} cannot be combined")]
    Mixed(Currency, Currency),
    /// The result does not fit 64 bits.
    #[error("the amount is out of range")]
    Overflow,
}

impl Money {
    /// An amount.
    #[must_use]
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    fn with(self, other: Self, amount: Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(self.currency, other.currency));
        }
        amount
            .map(|amount| Self { amount, ..self })
            .ok_or(MoneyError::Overflow)
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, self.amount.checked_add(other.amount))
    }

    /// The difference.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, self.amount.checked_sub(other.amount))
    }

    /// Splits by weights without losing a minor unit (largest remainder, earlier parts first).
    /// No weights, or weights that are all zero, give no parts.
    #[must_use]
    pub fn split(self, weights: &[u32]) -> Vec<Self> {
        let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        if total == 0 {
            return Vec::new();
        }
        let amount = i128::from(self.amount);
        let mut shares: Vec<(i128, i128)> = weights
            .iter()
            .map(|weight| {
                let exact = amount * i128::from(*weight);
                (exact.div_euclid(total), exact.rem_euclid(total))
            })
            .collect();
        let mut left = amount - shares.iter().map(|share| share.0).sum::<i128>();
        let mut order: Vec<usize> = (0..shares.len()).collect();
        order.sort_by_key(|&part| std::cmp::Reverse(shares[part].1));
        for part in order {
            if left == 0 {
                break;
            }
            shares[part].0 += 1;
            left -= 1;
        }
        // Every share lies between zero and the amount, so it fits.
        shares
            .into_iter()
            .map(|(share, _)| Self {
                amount: i64::try_from(share).unwrap_or(0),
                ..self
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_split_loses_nothing_and_is_fair(amount: i64, weights in proptest::collection::vec(0_u32..1000, 1..12)) {
            let parts = Money::new(amount, Currency::INR).split(&weights);
            let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
            if total == 0 {
                prop_assert!(parts.is_empty());
            } else {
                prop_assert_eq!(parts.iter().map(|part| i128::from(part.amount)).sum::<i128>(), i128::from(amount));
                for (part, weight) in parts.iter().zip(&weights) {
                    let exact = i128::from(amount) * i128::from(*weight);
                    let gap = exact - i128::from(part.amount) * i128::from(total);
                    prop_assert!(gap.abs() < i128::from(total));
                }
            }
        }

        #[test]
        fn plus_and_minus_undo_each_other(a in -1_i64 << 62..1 << 62, b in -1_i64 << 61..1 << 61) {
            let (a, b) = (Money::new(a, Currency::INR), Money::new(b, Currency::INR));
            prop_assert_eq!(a.plus(b).unwrap().minus(b).unwrap(), a);
        }
    }

    #[test]
    fn currencies_do_not_mix_and_sums_do_not_wrap() {
        let usd: Currency = "USD".parse().unwrap();
        let rupee = Money::new(1, Currency::INR);
        assert_eq!(
            rupee.plus(Money::new(1, usd)),
            Err(MoneyError::Mixed(Currency::INR, usd))
        );
        assert_eq!(
            rupee.plus(Money::new(i64::MAX, Currency::INR)),
            Err(MoneyError::Overflow)
        );
        assert!("usd".parse::<Currency>().is_err() && "US".parse::<Currency>().is_err());
    }
}
