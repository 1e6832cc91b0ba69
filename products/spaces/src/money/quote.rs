//! What something costs. Pure: the plan's terms, the dates and the discount go in, lines come out.
//!
//! A period is counted from the first day: three months from 31 January end before 30 April, a month from 31 January before 28 February.
//! What is left of the last period is charged by days of that period. Prices of several shifts are added up, and rounded once
//! ([`gantry_invoices::fraction`], to the nearest minor unit, half away from zero) where days or percents divide them. A discount
//! comes off the fee and not off admission or deposit; tax is worked out for each line from what is then left.

use gantry_invoices::{Line, Pricing, Rate, Supply, Totals, fraction, tax};
use gantry_kernel::money::MoneyError;
use gantry_kernel::{CivilDate, Currency, Money};
use jiff::ToSpan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::discount::Off;
use super::plan::{Period, Terms};
use super::{ShiftId, ZoneId};
use crate::student::stored_words;

/// For how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Span {
    /// So many hours of one day, for plans by the hour.
    Hours {
        /// The day.
        on: CivilDate,
        /// How many hours.
        hours: u8,
    },
    /// From the first day to before the last.
    Days {
        /// The first day.
        from: CivilDate,
        /// The day after the last one.
        until: CivilDate,
    },
    /// So many whole periods of the plan.
    Periods {
        /// The first day.
        from: CivilDate,
        /// How many periods.
        periods: u8,
    },
}

stored_words! {
    /// What a line is for.
    LineKind {
        /// The plan's price.
        Fee = "fee",
        /// The fee for entering.
        Admission = "admission",
        /// What is given back in the end.
        Deposit = "deposit",
        /// For paying late.
        LateFee = "late_fee",
        /// Anything else.
        Other = "other",
    }
}

/// One line of a quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuoteLine {
    /// What it is for.
    pub kind: LineKind,
    /// Amounts in minor units.
    #[serde(flatten)]
    pub line: Line,
}

/// What something costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quote {
    /// The currency of all amounts.
    pub currency: Currency,
    /// The first day.
    pub from: CivilDate,
    /// The day after the last one.
    pub until: CivilDate,
    /// Fee, admission, deposit.
    pub lines: Vec<QuoteLine>,
    /// The sums of all lines; the deposit bears no tax.
    pub totals: Totals,
}

/// Why there is no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuoteFault {
    /// The last day is not after the first.
    #[error("the last day lies before the first")]
    Backwards,
    /// Nothing is asked for.
    #[error("at least one hour or period is needed")]
    Nothing,
    /// Hours with a plan by days, or the other way about.
    #[error("this plan is not sold by that measure")]
    Measure,
    /// Other dates than the package has.
    #[error("a package is sold for exactly its own length")]
    NotThePackage,
    /// Days beyond the calendar.
    #[error("the dates lie beyond the calendar")]
    Calendar,
    /// The price overflows.
    #[error(transparent)]
    Amount(#[from] MoneyError),
}

/// Everything a price follows from.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// The plan's name.
    pub name: &'a str,
    /// Its terms.
    pub terms: &'a Terms,
    /// In which zone.
    pub zone: Option<ZoneId>,
    /// In which shifts.
    pub shifts: &'a [ShiftId],
    /// For how long.
    pub span: Span,
    /// Whether admission and deposit are due as well.
    pub entering: bool,
    /// What is taken off.
    pub off: Option<Off>,
    /// Which taxes.
    pub supply: Supply,
    /// In which currency.
    pub currency: Currency,
}

/// The day so many whole periods after `from`; days that a month does not have are its last.
pub fn after(terms: &Terms, from: CivilDate, periods: u16) -> Option<CivilDate> {
    let number = i64::from(periods);
    let span = match terms.period {
        Period::Hourly => return None,
        Period::Daily => number.days(),
        Period::Weekly => number.weeks(),
        Period::Monthly => number.months(),
        Period::Quarterly => (number * 3).months(),
        Period::HalfYear => (number * 6).months(),
        Period::Annual => (number * 12).months(),
        Period::Combo => {
            let package = terms.package?;
            let months = number * i64::from(package.months);
            months.months().days(number * i64::from(package.days))
        }
    };
    let end = from.to_jiff().checked_add(span).ok()?;
    CivilDate::new(end.year(), end.month(), end.day())
}

/// Whole periods, days of the next one, and how many that one has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Whole periods.
    pub whole: u16,
    /// Days after them.
    pub days: u32,
    /// Days of the period they are in.
    pub of: u32,
}

/// Most periods of one quote: ten years of days.
const MOST_PERIODS: u16 = 3_660;

/// Counts the periods from `from` to before `until`.
pub fn count(terms: &Terms, from: CivilDate, until: CivilDate) -> Result<Counted, QuoteFault> {
    let after = |periods| after(terms, from, periods).ok_or(QuoteFault::Calendar);
    let mut whole = 0;
    let mut begins = from;
    loop {
        let next = after(whole + 1)?;
        if next <= begins || whole >= MOST_PERIODS {
            return Err(QuoteFault::Calendar);
        }
        if next > until {
            let days = |a: CivilDate, b: CivilDate| {
                u32::try_from(b.days_since_epoch() - a.days_since_epoch()).unwrap_or(0)
            };
            return Ok(Counted {
                whole,
                days: days(begins, until),
                of: days(begins, next),
            });
        }
        whole += 1;
        begins = next;
    }
}

/// The price of one period: of every shift its own, added up. A package has one price for all of them.
fn unit_price(ask: &Ask<'_>) -> Result<Money, QuoteFault> {
    let price = |shift| Money::new(ask.terms.price_for(ask.zone, shift), ask.currency);
    if ask.shifts.is_empty() || ask.terms.period == Period::Combo {
        return Ok(price(None));
    }
    let zero = Money::new(0, ask.currency);
    ask.shifts
        .iter()
        .try_fold(zero, |sum, shift| sum.plus(price(Some(*shift))))
        .map_err(Into::into)
}

/// Price, first day, and the day after the last one.
fn fee(ask: &Ask<'_>) -> Result<(Money, CivilDate, CivilDate), QuoteFault> {
    let unit = unit_price(ask)?;
    let hourly = ask.terms.period == Period::Hourly;
    match ask.span {
        Span::Hours { on, hours } if hourly => {
            if hours == 0 {
                return Err(QuoteFault::Nothing);
            }
            let next = CivilDate::from_days_since_epoch(on.days_since_epoch() + 1);
            let next = next.ok_or(QuoteFault::Calendar)?;
            Ok((fraction(unit, u64::from(hours), 1)?, on, next))
        }
        Span::Days { from, until } if !hourly => {
            if until <= from {
                return Err(QuoteFault::Backwards);
            }
            let counted = count(ask.terms, from, until)?;
            if ask.terms.period == Period::Combo && (counted.whole, counted.days) != (1, 0) {
                return Err(QuoteFault::NotThePackage);
            }
            let Counted { whole, days, of } = counted;
            let days = u64::from(whole) * u64::from(of) + u64::from(days);
            Ok((fraction(unit, days, u64::from(of))?, from, until))
        }
        Span::Periods { from, periods } if !hourly => {
            if periods == 0 {
                return Err(QuoteFault::Nothing);
            }
            if ask.terms.period == Period::Combo && periods != 1 {
                return Err(QuoteFault::NotThePackage);
            }
            let until = after(ask.terms, from, periods.into()).ok_or(QuoteFault::Calendar)?;
            Ok((fraction(unit, periods.into(), 1)?, from, until))
        }
        _ => Err(QuoteFault::Measure),
    }
}

/// A taxed line.
pub fn line(
    kind: LineKind,
    description: String,
    terms: (Rate, Pricing, Option<gantry_invoices::Hsn>),
    (price, discount): (Money, Money),
    supply: Supply,
) -> Result<QuoteLine, MoneyError> {
    let (rate, pricing, hsn) = terms;
    let taxed = tax(price.minus(discount)?, rate, pricing, supply)?;
    let rate = if supply == Supply::Untaxed {
        Rate::ZERO
    } else {
        rate
    };
    Ok(QuoteLine {
        kind,
        line: Line {
            description,
            hsn,
            price: price.amount,
            discount: discount.amount,
            rate,
            taxable: taxed.taxable.amount,
            cgst: taxed.cgst.amount,
            sgst: taxed.sgst.amount,
            igst: taxed.igst.amount,
            total: taxed.total.amount,
        },
    })
}

/// What it costs.
pub fn quote(ask: &Ask<'_>) -> Result<Quote, QuoteFault> {
    let terms = ask.terms;
    let zero = Money::new(0, ask.currency);
    let taxing = || (terms.rate, terms.pricing, terms.hsn.clone());
    let (price, from, until) = fee(ask)?;
    let discount = ask.off.map_or(Ok(zero), |off| off.of(price))?;
    let last = CivilDate::from_days_since_epoch(until.days_since_epoch() - 1).unwrap_or(from);
    let description = match ask.span {
        Span::Hours { on, hours } => format!("{}, {hours} h on {on}", ask.name),
        _ => format!("{}, {from} to {last}", ask.name),
    };
    let fee = line(
        LineKind::Fee,
        description,
        taxing(),
        (price, discount),
        ask.supply,
    )?;
    let mut lines = vec![fee];
    if ask.entering && terms.admission_fee.get() > 0 {
        let price = Money::new(terms.admission_fee.get(), ask.currency);
        let text = "Admission".to_owned();
        lines.push(line(
            LineKind::Admission,
            text,
            taxing(),
            (price, zero),
            ask.supply,
        )?);
    }
    if ask.entering && terms.deposit.get() > 0 {
        let price = Money::new(terms.deposit.get(), ask.currency);
        let untaxed = (Rate::ZERO, Pricing::Inclusive, None);
        let text = "Deposit, refundable".to_owned();
        lines.push(line(
            LineKind::Deposit,
            text,
            untaxed,
            (price, zero),
            Supply::Untaxed,
        )?);
    }
    let bare: Vec<Line> = lines.iter().map(|line| line.line.clone()).collect();
    Ok(Quote {
        currency: ask.currency,
        from,
        until,
        totals: Totals::of(&bare)?,
        lines,
    })
}
