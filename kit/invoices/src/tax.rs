//! What tax an amount holds or gets.

use std::borrow::Cow;

use gantry_kernel::Money;
use gantry_kernel::money::MoneyError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A rate in hundredths of a percent: 1800 is 18 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Rate(u16);

impl JsonSchema for Rate {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "TaxRate".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer", "minimum": 0, "maximum": 10_000, "examples": [1800]})
    }
}

/// The number is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate is given in hundredths of a percent, from 0 to 10000: 1800 is 18 %")]
pub struct NotARate;

impl Rate {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// What most services bear.
    pub const STANDARD: Self = Self(1800);

    /// Hundredths of a percent.
    pub const fn basis_points(self) -> u16 {
        self.0
    }

    /// Half of it, in thousandths of a percent, as CGST and SGST are each half.
    pub const fn half_milli_percent(self) -> u32 {
        self.0 as u32 * 5
    }
}

impl TryFrom<u16> for Rate {
    type Error = NotARate;

    fn try_from(points: u16) -> Result<Self, NotARate> {
        (points <= 10_000).then_some(Self(points)).ok_or(NotARate)
    }
}

impl From<Rate> for u16 {
    fn from(rate: Rate) -> Self {
        rate.0
    }
}

/// Whether a price holds the tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pricing {
    /// It is in the price.
    Inclusive,
    /// It comes on top.
    Exclusive,
}

/// Which taxes a supply bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Supply {
    /// None: the seller is not registered.
    Untaxed,
    /// CGST and SGST: seller and place of supply are in one state.
    Within,
    /// IGST: they are in two.
    Across,
}

/// An amount and its tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taxed {
    /// Without tax.
    pub taxable: Money,
    /// Central tax.
    pub cgst: Money,
    /// State tax, always as much as the central one.
    pub sgst: Money,
    /// Integrated tax.
    pub igst: Money,
    /// With tax.
    pub total: Money,
}

/// `money * numerator / denominator`, rounded to the nearest minor unit; what is halfway goes away from zero. This is the one rule of
/// rounding for whatever is worked out of prices.
///
/// Errors: [`MoneyError::Overflow`], also for a denominator of zero.
pub fn fraction(money: Money, numerator: u64, denominator: u64) -> Result<Money, MoneyError> {
    if denominator == 0 {
        return Err(MoneyError::Overflow);
    }
    let (numerator, denominator) = (i128::from(numerator), i128::from(denominator));
    let product = i128::from(money.amount).abs().checked_mul(numerator);
    let doubled = product
        .and_then(|product| product.checked_mul(2))
        .ok_or(MoneyError::Overflow)?;
    let rounded = (doubled + denominator) / (2 * denominator);
    let signed = if money.amount < 0 { -rounded } else { rounded };
    let amount = i64::try_from(signed).map_err(|_| MoneyError::Overflow)?;
    Ok(Money::new(amount, money.currency))
}

/// The tax of one line. Each tax is rounded by itself ([`fraction`]), CGST and SGST alike; taxable value and taxes sum to the total exactly, and
/// the total of an inclusive price is the price.
pub fn tax(
    price: Money,
    rate: Rate,
    pricing: Pricing,
    supply: Supply,
) -> Result<Taxed, MoneyError> {
    let zero = Money::new(0, price.currency);
    let points = u64::from(rate.0);
    let whole = match pricing {
        Pricing::Exclusive => 10_000,
        Pricing::Inclusive => 10_000 + points,
    };
    let (half, igst) = match supply {
        Supply::Untaxed => (zero, zero),
        Supply::Within => (fraction(price, points, 2 * whole)?, zero),
        Supply::Across => (zero, fraction(price, points, whole)?),
    };
    let taxes = half.plus(half)?.plus(igst)?;
    let (taxable, total) = match pricing {
        Pricing::Exclusive => (price, price.plus(taxes)?),
        Pricing::Inclusive => (price.minus(taxes)?, price),
    };
    Ok(Taxed {
        taxable,
        cgst: half,
        sgst: half,
        igst,
        total,
    })
}

#[cfg(test)]
mod tests {
    use gantry_kernel::Currency;
    use proptest::prelude::*;

    use super::*;

    fn paise(amount: i64) -> Money {
        Money::new(amount, Currency::INR)
    }

    fn parts(taxed: Taxed) -> [i64; 5] {
        [
            taxed.taxable,
            taxed.cgst,
            taxed.sgst,
            taxed.igst,
            taxed.total,
        ]
        .map(|money| money.amount)
    }

    #[test]
    fn worked_out_by_hand() {
        use Pricing::{Exclusive, Inclusive};
        use Supply::{Across, Untaxed, Within};
        let rate = Rate::STANDARD;
        let of = |price, pricing, supply| parts(tax(paise(price), rate, pricing, supply).unwrap());
        assert_eq!(
            of(100_000, Exclusive, Within),
            [100_000, 9_000, 9_000, 0, 118_000]
        );
        assert_eq!(
            of(100_000, Exclusive, Across),
            [100_000, 0, 0, 18_000, 118_000]
        );
        assert_eq!(
            of(118_000, Inclusive, Within),
            [100_000, 9_000, 9_000, 0, 118_000]
        );
        // 999.00 with tax: 15 238.98 paise, of which each half is 7 619.49.
        assert_eq!(
            of(99_900, Inclusive, Within),
            [84_662, 7_619, 7_619, 0, 99_900]
        );
        assert_eq!(
            of(99_900, Inclusive, Across),
            [84_661, 0, 0, 15_239, 99_900]
        );
        // 0.50 paise of each half is one paisa.
        assert_eq!(of(50, Exclusive, Within), [50, 5, 5, 0, 60]);
        assert_eq!(of(99_900, Inclusive, Untaxed), [99_900, 0, 0, 0, 99_900]);
        assert_eq!(of(0, Exclusive, Within), [0; 5]);
        assert_eq!(
            tax(paise(i64::MAX), rate, Exclusive, Across),
            Err(MoneyError::Overflow)
        );
    }

    proptest! {
        #[test]
        fn the_parts_sum_to_the_total(price in 0_i64..1 << 50, points in 0_u16..=10_000, inclusive: bool, across: bool) {
            let pricing = if inclusive { Pricing::Inclusive } else { Pricing::Exclusive };
            let supply = if across { Supply::Across } else { Supply::Within };
            let taxed = tax(paise(price), Rate(points), pricing, supply).unwrap();
            let [taxable, cgst, sgst, igst, total] = parts(taxed);
            prop_assert_eq!(taxable + cgst + sgst + igst, total);
            prop_assert_eq!(cgst, sgst);
            prop_assert_eq!(if inclusive { total } else { taxable }, price);
            // No part is further from what it is exactly than rounding each tax allows.
            let exact = i128::from(price) * i128::from(points);
            let whole = if inclusive { 10_000 + i128::from(points) } else { 10_000 };
            let off = (i128::from(total - taxable) * whole - exact).abs();
            prop_assert!(off <= whole, "{off} of {whole}");
        }

        #[test]
        fn fractions_of_a_whole_lose_at_most_half_a_unit_each(amount in 0_i64..1 << 50, part in 0_u64..400, whole in 1_u64..400) {
            let got = i128::from(fraction(paise(amount), part, whole).unwrap().amount);
            let off = (got * i128::from(whole) - i128::from(amount) * i128::from(part)).abs();
            prop_assert!(2 * off <= i128::from(whole));
            prop_assert_eq!(fraction(paise(-amount), part, whole).unwrap().amount, -i64::try_from(got).unwrap());
        }
    }
}
