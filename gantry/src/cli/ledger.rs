//! `gantry ledger`: do the books balance. The server may be running.

use clap::Subcommand;
use gantry_db::{Databases, DbError, TenantDb, directory};
use gantry_kernel::{Slug, TenantId};
use gantry_ledger::{Report, Verifier};
use gantry_runtime::Stores;

use super::CliError;
use super::context::{Context, block_on};

const PAGE: i64 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Check that every entry sums to zero and is whole; everywhere, if no tenant is named. Ends with 1 and the place of each
    /// fault if one does not
    Verify {
        /// Only this tenant's book, by its slug
        #[arg(long, value_name = "SLUG")]
        tenant: Option<Slug>,
    },
}

impl Verb {
    pub(super) fn run(self, context: &Context) -> Result<String, CliError> {
        block_on(async move {
            let Stores { databases, .. } = context.stores().await?;
            let Self::Verify { tenant } = self;
            let mut answer = Answer::default();
            match tenant {
                Some(slug) => one_tenant(&databases, &slug, &mut answer).await?,
                None => everywhere(&databases, &mut answer).await?,
            }
            answer.finish()
        })
    }
}

async fn one_tenant(
    databases: &Databases,
    slug: &Slug,
    answer: &mut Answer,
) -> Result<(), CliError> {
    let found = databases
        .control
        .read(async |tx| directory::by_slug(tx, slug).await)
        .await?;
    let found = found.ok_or_else(|| CliError::Failed(format!("there is no tenant {slug}")))?;
    answer.add(slug.as_str(), tenant(databases, found.id).await);
    Ok(())
}

async fn everywhere(databases: &Databases, answer: &mut Answer) -> Result<(), CliError> {
    let control = &databases.control;
    answer.add("control", control_book(databases).await);
    let mut after: Option<TenantId> = None;
    loop {
        let page = control
            .read(async |tx| directory::list(tx, None, after, PAGE).await)
            .await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(last.id);
        for found in page.iter().filter(|tenant| !tenant.database.is_empty()) {
            answer.add(found.slug.as_str(), tenant(databases, found.id).await);
        }
    }
}

async fn control_book(databases: &Databases) -> Result<Report, DbError> {
    let mut verifier = Verifier::new();
    while databases
        .control
        .read(async |tx| verifier.page(tx).await)
        .await?
    {}
    Ok(verifier.report())
}

async fn tenant(databases: &Databases, id: TenantId) -> Result<Report, DbError> {
    let db: TenantDb = databases.tenants.get(id).await?;
    let mut verifier = Verifier::new();
    while db.read(async |tx| verifier.page(tx).await).await? {}
    Ok(verifier.report())
}

#[derive(Default)]
struct Answer {
    text: String,
    faults: usize,
}

impl Answer {
    fn add(&mut self, place: &str, checked: Result<Report, DbError>) {
        match checked {
            Ok(report) => {
                let Report {
                    entries, postings, ..
                } = report;
                self.line(&format!("{place}: {entries} entries, {postings} postings"));
                for fault in &report.faults {
                    self.fault(&format!("{place}: FAULT: {fault}"));
                }
            }
            Err(error) => self.fault(&format!("{place}: could not be read: {error}")),
        }
    }

    fn fault(&mut self, line: &str) {
        self.faults += 1;
        self.line(line);
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn finish(self) -> Result<String, CliError> {
        if self.faults == 0 {
            return Ok(self.text);
        }
        Err(CliError::Failed(format!(
            "the ledger does not verify, faults: {}\n{}",
            self.faults,
            self.text.trim_end()
        )))
    }
}
