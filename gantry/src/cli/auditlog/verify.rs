//! `gantry auditlog verify`.

use std::fmt::Write;
use std::str::FromStr;

use clap::Args;
use gantry_audit::chain::{Expected, Head, Link, Report, SealKeys, Verifier, hex, noted_head};
use gantry_db::{Databases, DbError, directory};
use gantry_kernel::{Slug, TenantId};

use super::{Source, find};
use crate::cli::CliError;

const PAGE: i64 = 500;

#[derive(Debug, Args)]
pub(in crate::cli) struct Verify {
    /// Only this tenant's log, by its slug
    #[arg(long, value_name = "SLUG", group = "place")]
    tenant: Option<Slug>,
    /// Only the platform's own
    #[arg(long, group = "place")]
    control: bool,
    /// The platform's and every tenant's
    #[arg(long, group = "place")]
    all: bool,
    /// A head that an earlier check printed and that must still be there
    #[arg(
        long,
        value_name = "SEQUENCE:LINK",
        requires = "place",
        conflicts_with = "all"
    )]
    head: Option<Noted>,
}

/// A head as it is printed.
#[derive(Debug, Clone, Copy)]
struct Noted(Head);

impl FromStr for Noted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected a number, a colon and 64 hexadecimal digits".to_owned();
        let (seq, digits) = text.split_once(':').ok_or_else(wrong)?;
        let seq = seq.parse().ok().filter(|seq| *seq > 0).ok_or_else(wrong)?;
        let mut link: Link = [0; 32];
        if digits.len() != 64 || !digits.is_ascii() {
            return Err(wrong());
        }
        for (byte, at) in link.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(Head { seq, link }))
    }
}

impl Verify {
    pub(super) async fn run(
        self,
        databases: &Databases,
        keys: &SealKeys,
    ) -> Result<String, CliError> {
        let mut answer = Answer::default();
        let given = self.head.map(|Noted(head)| Expected {
            head,
            whence: "the head given",
        });
        if let Some(slug) = &self.tenant {
            let id = find(databases, slug).await?;
            answer.add(slug.as_str(), tenant(databases, keys, id, given).await);
        } else {
            let control = Source::Control(databases.control.clone());
            let expected = given.into_iter().collect();
            answer.add("control", check(&control, keys, expected).await);
            if !self.control {
                every_tenant(databases, keys, &mut answer).await?;
            }
        }
        answer.finish()
    }
}

async fn every_tenant(
    databases: &Databases,
    keys: &SealKeys,
    answer: &mut Answer,
) -> Result<(), CliError> {
    let mut after: Option<TenantId> = None;
    loop {
        let page = databases
            .control
            .read(async |tx| directory::list(tx, None, after, PAGE).await)
            .await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(last.id);
        for found in page.iter().filter(|tenant| !tenant.database.is_empty()) {
            let checked = tenant(databases, keys, found.id, None).await;
            answer.add(found.slug.as_str(), checked);
        }
    }
}

/// What control noted is read first: the chain can only have grown since.
async fn tenant(
    databases: &Databases,
    keys: &SealKeys,
    id: TenantId,
    given: Option<Expected>,
) -> Result<Report, DbError> {
    let noted = databases
        .control
        .read(async |tx| noted_head(tx, id).await)
        .await?;
    let noted = noted.map(|head| Expected {
        head,
        whence: "control",
    });
    let db = databases.tenants.get(id).await?;
    let expected = noted.into_iter().chain(given).collect();
    check(&Source::Tenant(db), keys, expected).await
}

async fn check(
    source: &Source,
    keys: &SealKeys,
    expected: Vec<Expected>,
) -> Result<Report, DbError> {
    let mut verifier = Verifier::new(keys.clone(), source.tenant(), expected);
    while source.read(async |tx| verifier.page(tx).await).await? {}
    Ok(verifier.report())
}

#[derive(Default)]
struct Answer {
    text: String,
    faults: usize,
}

impl Answer {
    fn add(&mut self, place: &str, checked: Result<Report, DbError>) {
        let report = match checked {
            Ok(report) => report,
            Err(error) => {
                self.faults += 1;
                self.line(&format!("{place}: could not be read: {error}"));
                return;
            }
        };
        let mut line = format!("{place}: {} rows", report.rows);
        if let Some(head) = report.head.filter(|head| head.seq > 0) {
            // Writing to a String cannot fail.
            write!(line, ", head {}:{}", head.seq, hex(&head.link)).ok();
        }
        if let Some(at) = report.signed {
            write!(line, ", signed {at}").ok();
        }
        if report.removed > 0 {
            write!(line, ", removed for age up to {}", report.removed).ok();
        }
        if let Some(since) = report.waiting_since {
            write!(line, ", {} not sealed yet, since {since}", report.waiting).ok();
        }
        if report.unchecked_seals > 0 {
            let seals = report.unchecked_seals;
            write!(line, ", {seals} older seals under keys not held any more").ok();
        }
        self.line(&line);
        self.faults += report.faults.len();
        for fault in &report.faults {
            self.line(&format!("{place}: FAULT: {fault}"));
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn finish(self) -> Result<String, CliError> {
        if self.faults == 0 {
            Ok(self.text)
        } else {
            let faults = self.faults;
            let text = self.text;
            Err(CliError::Failed(format!(
                "the audit log does not verify, faults: {faults}\n{}",
                text.trim_end()
            )))
        }
    }
}
