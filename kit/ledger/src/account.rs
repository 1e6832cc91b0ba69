//! Accounts: what amounts are posted to.

use std::fmt;
use std::str::FromStr;

use gantry_kernel::{Currency, UnitId, text_value};
use serde::{Deserialize, Serialize};

/// What an account is in a balance sheet or a statement of income.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What is there, or is owed to us.
    Asset,
    /// What we owe.
    Liability,
    /// What was earned.
    Income,
    /// What was spent.
    Expense,
    /// What the owners have put in.
    Equity,
}

text_value!(Kind);

/// A stored word that names no kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of account")]
pub struct NotAKind;

impl Kind {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asset => "asset",
            Self::Liability => "liability",
            Self::Income => "income",
            Self::Expense => "expense",
            Self::Equity => "equity",
        }
    }

    /// Whether such an account grows by debits.
    pub const fn grows_by_debit(self) -> bool {
        matches!(self, Self::Asset | Self::Expense)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = NotAKind;

    fn from_str(text: &str) -> Result<Self, NotAKind> {
        [
            Self::Asset,
            Self::Liability,
            Self::Income,
            Self::Expense,
            Self::Equity,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or(NotAKind)
    }
}

/// A line of the chart of accounts, declared once by the module that posts to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code {
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
}

impl Code {
    /// Declares a line of the chart. The name is dotted, module first: `spaces.cash`.
    #[must_use]
    pub const fn new(kind: Kind, name: &'static str) -> Self {
        Self { kind, name }
    }

    /// The stored name.
    pub const fn as_str(self) -> &'static str {
        self.name
    }

    /// What kind its accounts are of.
    pub const fn kind(self) -> Kind {
        self.kind
    }

    /// The account of the whole database.
    #[must_use]
    pub const fn whole(self) -> Account {
        Account {
            code: self,
            unit: None,
            subject: None,
        }
    }

    /// The account of one unit.
    #[must_use]
    pub const fn of(self, unit: UnitId) -> Account {
        Account {
            code: self,
            unit: Some(unit),
            subject: None,
        }
    }
}

/// One account: a line of the chart, narrowed to a unit and to what it is about. It comes into being with its first posting.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Account {
    pub(crate) code: Code,
    pub(crate) unit: Option<UnitId>,
    pub(crate) subject: Option<String>,
}

impl Account {
    /// The account about one thing, which the id (or a word of the program) names and which is not personal.
    #[must_use]
    pub fn about(mut self, subject: impl fmt::Display) -> Self {
        self.subject = Some(subject.to_string());
        self
    }

    /// Its line of the chart.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The unique name. Codes, ids and words hold no `|`.
    pub(crate) fn name(&self, currency: Currency) -> String {
        let unit = self.unit.map(|unit| unit.to_string()).unwrap_or_default();
        let subject = self.subject.as_deref().unwrap_or_default();
        format!("{}|{unit}|{subject}|{currency}", self.code.name)
    }
}
