//! `gantry tenant`.

use std::fmt::Write;

use clap::Subcommand;
use gantry_db::directory;

use super::CliError;
use super::context::{Context, block_on};

const PAGE: i64 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List all tenants: id, state, slug, name
    Ls,
}

impl Verb {
    pub(super) fn run(self, context: &Context) -> Result<String, CliError> {
        let Self::Ls = self;
        block_on(async move {
            let control = context.stores().await?.databases.control;
            let (mut text, mut after) = (String::new(), None);
            loop {
                let page = control
                    .read(async |tx| directory::list(tx, None, after, PAGE).await)
                    .await?;
                let Some(last) = page.last() else {
                    return Ok(text);
                };
                after = Some(last.id);
                for tenant in &page {
                    let state = tenant.state.to_string();
                    // Writing to a String cannot fail.
                    writeln!(
                        text,
                        "{}  {state:<12}  {:<24}  {}",
                        tenant.id, tenant.slug, tenant.name
                    )
                    .ok();
                }
            }
        })
    }
}
