//! `gantry auditlog export`.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use gantry_audit::chain::{self, Exported, SealKeys};
use gantry_db::Databases;
use gantry_kernel::{Slug, TenantId, Timestamp};

use super::format::{Format, Sheet};
use super::{Source, find};
use crate::cli::CliError;

const PAGE: u32 = 500;

#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    /// A tenant's log, by its slug, and what the platform's own says about the tenant
    #[arg(
        long,
        value_name = "SLUG",
        group = "place",
        required_unless_present = "control"
    )]
    tenant: Option<Slug>,
    /// The platform's own log
    #[arg(long, group = "place")]
    control: bool,
    /// How it is written
    #[arg(long, value_enum)]
    format: Format,
    /// Not before this instant, such as 2026-01-31T00:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Before this instant
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// A new file to write to, instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(
        self,
        databases: &Databases,
        keys: &SealKeys,
    ) -> Result<String, CliError> {
        let id = match &self.tenant {
            Some(slug) => Some(find(databases, slug).await?),
            None => None,
        };
        let Some(path) = &self.out else {
            let mut sheet = Sheet::new(self.format, BufWriter::new(io::stdout()), keys)?;
            self.write(databases, id, &mut sheet).await?;
            sheet.finish()?;
            return Ok(String::new());
        };
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(|error| cannot(path, &error))?;
        let mut sheet = Sheet::new(self.format, BufWriter::new(file), keys)?;
        let written = self.write(databases, id, &mut sheet).await;
        let done = match written {
            Ok(()) => sheet.finish().map_err(|error| cannot(path, &error)),
            Err(error) => Err(error),
        };
        if done.is_err() {
            // Half an export must not be taken for a whole one.
            std::fs::remove_file(path).map_err(|error| cannot(path, &error))?;
        }
        done.map(|rows| format!("{rows} rows in {}\n", path.display()))
    }

    async fn write<W: Write>(
        &self,
        databases: &Databases,
        tenant: Option<TenantId>,
        sheet: &mut Sheet<'_, W>,
    ) -> Result<(), CliError> {
        let control = Source::Control(databases.control.clone());
        let Some(id) = tenant else {
            return self.chain(&control, sheet).await;
        };
        let db = databases.tenants.get(id).await?;
        self.chain(&Source::Tenant(db), sheet).await?;
        self.about(&control, id, sheet).await
    }

    /// A piece of one chain, its seals, and what waits.
    async fn chain<W: Write>(
        &self,
        source: &Source,
        sheet: &mut Sheet<'_, W>,
    ) -> Result<(), CliError> {
        let place = chain::place(source.tenant());
        let (since, until) = (self.since, self.until);
        let (span, seals, waiting) = source
            .read(async move |tx| {
                let span = chain::span(tx, since, until).await?;
                let seals = match span {
                    Some(span) => chain::seals(tx, span).await?,
                    None => Vec::new(),
                };
                Ok((span, seals, chain::waiting(tx, None, (since, until)).await?))
            })
            .await?;
        let mut after = 0;
        while let Some(span) = span {
            let page = source
                .read(async |tx| chain::rows(tx, span, after, PAGE).await)
                .await?;
            let Some(last) = page.last().and_then(|row| row.seq) else {
                break;
            };
            after = last;
            for row in &page {
                sheet.row(&place, row)?;
            }
        }
        for seal in &seals {
            sheet.seal(&place, seal)?;
        }
        for row in waiting {
            sheet.row(&place, &not_sealed(row))?;
        }
        Ok(())
    }

    /// The rows of control about a tenant: each with the link before it, since those between are not the
    /// tenant's to see.
    async fn about<W: Write>(
        &self,
        control: &Source,
        tenant: TenantId,
        sheet: &mut Sheet<'_, W>,
    ) -> Result<(), CliError> {
        let place = chain::place(None);
        let times = (self.since, self.until);
        let mut after = 0;
        loop {
            let page = control
                .read(async |tx| chain::about(tx, tenant, times, after, PAGE).await)
                .await?;
            let Some(last) = page.last().and_then(|row| row.seq) else {
                break;
            };
            after = last;
            for row in &page {
                sheet.row(&place, row)?;
            }
        }
        let waiting = control
            .read(async |tx| chain::waiting(tx, Some(tenant), times).await)
            .await?;
        for row in waiting {
            sheet.row(&place, &not_sealed(row))?;
        }
        Ok(())
    }
}

fn not_sealed(row: chain::SealedRow) -> Exported {
    Exported {
        seq: None,
        previous: None,
        link: None,
        row,
    }
}

fn cannot(path: &Path, error: &io::Error) -> CliError {
    CliError::Failed(format!("cannot write {}: {error}", path.display()))
}
