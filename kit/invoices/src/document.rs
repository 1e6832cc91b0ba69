//! A document as it was issued. It holds everything that is printed, so that it looks the same whatever changes afterwards.

use gantry_kernel::money::MoneyError;
use gantry_kernel::{CivilDate, Currency, Money};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::gstin::{Gstin, StateCode};
use crate::series::Kind;
use crate::tax::Rate;
use crate::words::Hsn;

/// Seller or buyer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Party {
    /// Name.
    pub name: String,
    /// Address.
    pub address: Option<String>,
    /// GST registration.
    pub gstin: Option<Gstin>,
    /// State.
    pub state: Option<StateCode>,
    /// Phone.
    pub phone: Option<String>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// What.
    pub description: String,
    /// Its code.
    pub hsn: Option<Hsn>,
    /// Price before discount, with or without tax as the seller prices.
    pub price: i64,
    /// What was taken off.
    pub discount: i64,
    /// Rate of tax.
    pub rate: Rate,
    /// Value without tax.
    pub taxable: i64,
    /// Central tax.
    pub cgst: i64,
    /// State tax.
    pub sgst: i64,
    /// Integrated tax.
    pub igst: i64,
    /// Value with tax.
    pub total: i64,
}

/// The sums of the lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Without tax.
    pub taxable: i64,
    /// Central tax.
    pub cgst: i64,
    /// State tax.
    pub sgst: i64,
    /// Integrated tax.
    pub igst: i64,
    /// With tax.
    pub total: i64,
}

impl Totals {
    /// Adds the lines up.
    pub fn of(lines: &[Line]) -> Result<Self, MoneyError> {
        let sum = |part: fn(&Line) -> i64| {
            lines
                .iter()
                .try_fold(0_i64, |sum, line| sum.checked_add(part(line)))
                .ok_or(MoneyError::Overflow)
        };
        Ok(Self {
            taxable: sum(|line| line.taxable)?,
            cgst: sum(|line| line.cgst)?,
            sgst: sum(|line| line.sgst)?,
            igst: sum(|line| line.igst)?,
            total: sum(|line| line.total)?,
        })
    }

    /// All taxes.
    pub const fn tax(&self) -> i64 {
        self.total - self.taxable
    }
}

/// Another document that this one belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reference {
    /// Its number.
    pub number: String,
    /// Its day.
    pub issued_on: CivilDate,
}

/// How something was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Paid {
    /// The method's name.
    pub method: String,
    /// The payer's reference.
    pub reference: Option<String>,
}

/// What stands at the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Title {
    /// An invoice of a registered seller.
    TaxInvoice,
    /// An invoice of any other.
    Invoice,
    /// A receipt.
    Receipt,
    /// A credit note.
    CreditNote,
}

impl Title {
    /// As printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TaxInvoice => "Tax Invoice",
            Self::Invoice => "Invoice",
            Self::Receipt => "Receipt",
            Self::CreditNote => "Credit Note",
        }
    }
}

/// A document as it was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// What it is.
    pub kind: Kind,
    /// Its number.
    pub number: String,
    /// Its day, where the seller is.
    pub issued_on: CivilDate,
    /// The currency of all amounts, which are in minor units.
    pub currency: Currency,
    /// Who sells.
    pub seller: Party,
    /// Who buys.
    pub buyer: Party,
    /// Where the supply is.
    pub place_of_supply: Option<StateCode>,
    /// What for.
    pub lines: Vec<Line>,
    /// The sums.
    pub totals: Totals,
    /// The invoice that a credit note takes back of.
    pub refers_to: Option<Reference>,
    /// How it was paid.
    pub paid: Option<Paid>,
    /// Why a credit note was issued.
    pub reason: Option<String>,
}

impl Document {
    /// What stands at the top.
    pub const fn title(&self) -> Title {
        match self.kind {
            Kind::Invoice if self.seller.gstin.is_some() => Title::TaxInvoice,
            Kind::Invoice => Title::Invoice,
            Kind::Receipt => Title::Receipt,
            Kind::CreditNote => Title::CreditNote,
        }
    }

    /// An amount of it.
    pub const fn money(&self, amount: i64) -> Money {
        Money::new(amount, self.currency)
    }
}
