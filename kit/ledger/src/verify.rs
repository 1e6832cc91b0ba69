//! Reading the book from its first entry to its last, believing nothing that the triggers promise: somebody with the database could
//! have removed them.

use std::collections::BTreeMap;
use std::fmt;

use gantry_db::{DbError, Tx, args, sql};

/// Entries read at a time.
const PAGE: i64 = 500;

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Debits and credits of an entry differ.
    Unbalanced {
        /// The entry.
        entry: String,
        /// Debits less credits.
        by: i128,
    },
    /// The postings of an entry are not its lines.
    NotItsLines {
        /// The entry.
        entry: String,
    },
    /// An entry has fewer than two postings.
    TooFew {
        /// The entry.
        entry: String,
    },
    /// An entry has a posting to an account of another currency, or to none.
    Account {
        /// The entry.
        entry: String,
    },
    /// A posting has no entry.
    NoEntry {
        /// What its entry would be.
        entry: String,
    },
    /// All postings of a currency do not sum to zero.
    Total {
        /// The currency.
        currency: String,
        /// Debits less credits.
        by: i128,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unbalanced { entry, by } => {
                write!(f, "entry {entry}: debits exceed credits by {by}")
            }
            Self::NotItsLines { entry } => {
                write!(f, "entry {entry}: its postings are not its lines")
            }
            Self::TooFew { entry } => write!(f, "entry {entry}: it has fewer than two postings"),
            Self::Account { entry } => {
                write!(
                    f,
                    "entry {entry}: a posting's account is not there or of another currency"
                )
            }
            Self::NoEntry { entry } => write!(f, "a posting's entry {entry} is not there"),
            Self::Total { currency, by } => {
                write!(f, "{currency}: debits exceed credits by {by} in all")
            }
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Entries read.
    pub entries: u64,
    /// Postings read.
    pub postings: u64,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

/// A check under way; entries that are written meanwhile are read too.
#[derive(Debug, Default)]
pub struct Verifier {
    after: Option<String>,
    totals: BTreeMap<String, i128>,
    report: Report,
    strays: bool,
}

type Posting = (String, i64, String, i64, Option<String>);

impl Verifier {
    /// A check that has read nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads on; whether there is more.
    pub async fn page(&mut self, tx: &mut Tx) -> Result<bool, DbError> {
        let entries: Vec<(String, String, String)> = tx
            .all(
                sql!(
                    "select id, currency, lines from ledger_entries
                     where cast($1 as text) is null or id > $1 order by id limit $2"
                ),
                &args![self.after, PAGE],
            )
            .await?;
        let (Some((first, ..)), Some((last, ..))) = (entries.first(), entries.last()) else {
            return self.strays(tx).await;
        };
        let rows: Vec<Posting> = tx
            .all(
                sql!(
                    "select p.entry_id, p.line, p.account_id, p.amount, a.currency
                     from ledger_postings p left join ledger_accounts a on a.id = p.account_id
                     where p.entry_id >= $1 and p.entry_id <= $2 order by p.entry_id, p.line"
                ),
                &args![first, last],
            )
            .await?;
        let mut postings: BTreeMap<&str, Vec<&Posting>> = BTreeMap::new();
        for row in &rows {
            postings.entry(&row.0).or_default().push(row);
        }
        for (id, currency, lines) in &entries {
            let found = postings.remove(id.as_str()).unwrap_or_default();
            self.entry(id, currency, lines, &found);
        }
        self.after = Some(last.clone());
        Ok(true)
    }

    fn entry(&mut self, id: &str, currency: &str, lines: &str, postings: &[&Posting]) {
        let entry = || id.to_owned();
        let sum: i128 = postings.iter().map(|posting| i128::from(posting.3)).sum();
        if postings.len() < 2 {
            self.report.faults.push(Fault::TooFew { entry: entry() });
        }
        if sum != 0 {
            self.report.faults.push(Fault::Unbalanced {
                entry: entry(),
                by: sum,
            });
        }
        if postings
            .iter()
            .any(|posting| posting.4.as_deref() != Some(currency))
        {
            self.report.faults.push(Fault::Account { entry: entry() });
        }
        let stored: Option<Vec<(String, i64)>> = serde_json::from_str(lines).ok();
        let same = stored.is_some_and(|stored| {
            let numbered = (1_i64..).zip(&stored);
            stored.len() == postings.len()
                && numbered
                    .zip(postings)
                    .all(|((line, (account, amount)), posting)| {
                        (line, account, *amount) == (posting.1, &posting.2, posting.3)
                    })
        });
        if !same {
            self.report
                .faults
                .push(Fault::NotItsLines { entry: entry() });
        }
        *self.totals.entry(currency.to_owned()).or_default() += sum;
        self.report.entries += 1;
        self.report.postings += postings.len() as u64;
    }

    async fn strays(&mut self, tx: &mut Tx) -> Result<bool, DbError> {
        if !self.strays {
            self.strays = true;
            let strays: Vec<(String,)> = tx
                .all(
                    sql!(
                        "select distinct p.entry_id from ledger_postings p
                         where not exists (select 1 from ledger_entries e where e.id = p.entry_id)
                         order by p.entry_id limit 100"
                    ),
                    &args![],
                )
                .await?;
            let faults = strays.into_iter().map(|(entry,)| Fault::NoEntry { entry });
            self.report.faults.extend(faults);
        }
        Ok(false)
    }

    /// What was found.
    pub fn report(self) -> Report {
        let mut report = self.report;
        let wrong = self.totals.into_iter().filter(|(_, by)| *by != 0);
        report
            .faults
            .extend(wrong.map(|(currency, by)| Fault::Total { currency, by }));
        report
    }
}
