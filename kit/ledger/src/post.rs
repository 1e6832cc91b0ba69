//! Writing an entry, in the transaction of what it tells about.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{Currency, define_id};

use crate::account::Account;
use crate::entry::{Entry, EntryId, MAX_CAUSE, MAX_MEMO, Side};

define_id! {
    /// An account of the ledger.
    pub struct AccountId;
}

/// Why an entry was not written.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Fewer than two lines move an amount.
    #[error("an entry has two lines at least")]
    TooFewLines,
    /// A line of a negative amount; it belongs on the other side.
    #[error("the amount of a line is negative")]
    Negative,
    /// Debits and credits differ.
    #[error("debits exceed credits by {0} {1}")]
    Unbalanced(i128, Currency),
    /// Lines of two currencies.
    #[error("an entry of {0} has a line of {1}")]
    Mixed(Currency, Currency),
    /// Cause or memo are empty or too long.
    #[error("the {0} of an entry is empty or too long")]
    Text(&'static str),
    /// The same cause has another entry.
    #[error("another entry has the cause {0}")]
    CauseTaken(String),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Writes the entry, unless it is there: the same cause with the same lines is the same happening, and its entry is the answer.
///
/// Errors: [`Refusal`]. What it refuses, the database refuses too.
pub async fn post(tx: &mut Tx, entry: Entry) -> Result<EntryId, Refusal> {
    let currency = check(&entry)?;
    let mut lines = Vec::with_capacity(entry.lines.len());
    for line in &entry.lines {
        let account = account(tx, &line.account, currency).await?;
        let amount = match line.side {
            Side::Debit => line.money.amount,
            Side::Credit => -line.money.amount,
        };
        lines.push((account, amount));
    }
    let lines = serde_json::to_string(&lines).map_err(|error| DbError::Other(error.to_string()))?;
    let known: Option<(EntryId, String, String)> = tx
        .opt(
            sql!("select id, kind, lines from ledger_entries where cause = $1"),
            &args![entry.cause],
        )
        .await?;
    if let Some((id, kind, stored)) = known {
        return if kind == entry.kind && stored == lines {
            Ok(id)
        } else {
            Err(Refusal::CauseTaken(entry.cause))
        };
    }
    let id: EntryId = tx.kernel().id();
    let now = tx.now();
    tx.execute(
        sql!(
            "insert into ledger_entries (id, kind, cause, on_day, at, actor_kind, actor_id, memo, currency, lines)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        ),
        &args![
            id,
            entry.kind,
            entry.cause,
            entry.day,
            now,
            entry.actor.kind(),
            entry.actor.identity(),
            entry.memo,
            currency.as_str(),
            lines,
        ],
    )
    .await?;
    Ok(id)
}

/// The currency of an entry that may be written.
fn check(entry: &Entry) -> Result<Currency, Refusal> {
    let fits = |text: &str, most: usize| !text.is_empty() && text.chars().nth(most).is_none();
    if !fits(&entry.cause, MAX_CAUSE) {
        return Err(Refusal::Text("cause"));
    }
    if entry
        .memo
        .as_deref()
        .is_some_and(|memo| !fits(memo, MAX_MEMO))
    {
        return Err(Refusal::Text("memo"));
    }
    let [first, _, ..] = entry.lines.as_slice() else {
        return Err(Refusal::TooFewLines);
    };
    let currency = first.money.currency;
    let mut sum = 0_i128;
    for line in &entry.lines {
        if line.money.currency != currency {
            return Err(Refusal::Mixed(currency, line.money.currency));
        }
        if line.money.amount < 0 {
            return Err(Refusal::Negative);
        }
        let amount = i128::from(line.money.amount);
        sum += match line.side {
            Side::Debit => amount,
            Side::Credit => -amount,
        };
    }
    if sum == 0 {
        Ok(currency)
    } else {
        Err(Refusal::Unbalanced(sum, currency))
    }
}

/// The account, made if this is its first posting.
async fn account(tx: &mut Tx, account: &Account, currency: Currency) -> Result<AccountId, DbError> {
    let name = account.name(currency);
    let known: Option<(AccountId,)> = tx
        .opt(
            sql!("select id from ledger_accounts where name = $1"),
            &args![name],
        )
        .await?;
    if let Some((id,)) = known {
        return Ok(id);
    }
    let id: AccountId = tx.kernel().id();
    let now = tx.now();
    tx.execute(
        sql!(
            "insert into ledger_accounts (id, name, kind, code, unit_id, subject, currency, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)"
        ),
        &args![
            id,
            name,
            account.code.kind,
            account.code.name,
            account.unit,
            account.subject,
            currency.as_str(),
            now,
        ],
    )
    .await?;
    Ok(id)
}
