//! One entry on its way into the book.

use gantry_kernel::{Actor, CivilDate, Money, define_id};

use crate::account::Account;

define_id! {
    /// An entry of the ledger.
    pub struct EntryId;
}

/// Most characters of a cause.
pub const MAX_CAUSE: usize = 120;
/// Most characters of a memo.
pub const MAX_MEMO: usize = 200;

/// What happened, and the amounts it moved. Made with [`Entry::new`] and completed by the chained methods.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(crate) kind: &'static str,
    pub(crate) cause: String,
    pub(crate) day: CivilDate,
    pub(crate) actor: Actor,
    pub(crate) memo: Option<String>,
    pub(crate) lines: Vec<Line>,
}

#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) account: Account,
    pub(crate) money: Money,
    pub(crate) side: Side,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Debit,
    Credit,
}

impl Entry {
    /// `kind` is stable and dotted (`spaces.payment`); `cause` names this happening and no other (`payment:<id>`); `day` is the business day
    /// it belongs to, in the time zone of whoever does business.
    pub fn new(kind: &'static str, cause: impl Into<String>, day: CivilDate, actor: Actor) -> Self {
        Self {
            kind,
            cause: cause.into(),
            day,
            actor,
            memo: None,
            lines: Vec::new(),
        }
    }

    /// A few words for an accountant. The book cannot forget, so nothing personal.
    #[must_use]
    pub fn memo(mut self, memo: impl Into<String>) -> Self {
        self.memo = Some(memo.into());
        self
    }

    /// A debit. An amount of zero is left out, so that callers need not ask.
    #[must_use]
    pub fn debit(self, account: Account, money: Money) -> Self {
        self.line(account, money, Side::Debit)
    }

    /// A credit. An amount of zero is left out.
    #[must_use]
    pub fn credit(self, account: Account, money: Money) -> Self {
        self.line(account, money, Side::Credit)
    }

    fn line(mut self, account: Account, money: Money, side: Side) -> Self {
        if money.amount != 0 {
            self.lines.push(Line {
                account,
                money,
                side,
            });
        }
        self
    }
}
