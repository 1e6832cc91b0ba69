//! `gantry keys`: the keys that sign tokens, and the master keys that seal everything secret. The server may be running.

use std::fmt::Write;

use clap::Subcommand;
use gantry_identity::{Error, Hurry, Identity, KeyChange, KeyStep};
use gantry_runtime::{MasterKeys, Report};

use super::CliError;
use super::context::{Context, block_on};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List master keys with what is sealed under them, and signing keys with what happens to them next
    Ls,
    /// Replace the key that signs access tokens: publish the next one, and let it sign once verifiers elsewhere had time
    /// to read it. Tokens that were given out stay good
    Rotate {
        /// Do not wait for verifiers elsewhere: the next key signs in a second
        #[arg(long)]
        now: bool,
        /// Refuse every token of this key from now on, because somebody else may have it; another key signs at once
        #[arg(
            long,
            value_name = "KID",
            allow_hyphen_values = true,
            conflicts_with = "now"
        )]
        revoke: Option<String>,
    },
    /// Seal every stored secret under the present master key, the first one that is configured
    Rewrap,
}

impl Verb {
    pub(super) fn run(self, context: Context) -> Result<String, CliError> {
        block_on(async move {
            let assembled = context.assemble().await?;
            let (identity, master) = (assembled.identity, assembled.process.master_keys);
            match self {
                Self::Ls => Ok(master_keys(&master).await? + &signing_keys(&identity).await?),
                Self::Rotate { now, revoke } => rotate(&identity, now, revoke).await,
                Self::Rewrap => rewrap(&master).await,
            }
        })
    }
}

async fn rotate(
    identity: &Identity,
    now: bool,
    revoke: Option<String>,
) -> Result<String, CliError> {
    let changes = match revoke {
        Some(kid) => identity
            .revoke_key(&kid)
            .await
            .map_err(|error| match error {
                Error::NotFound => CliError::Failed(format!(
                    "there is no signing key {kid}; gantry keys ls lists them"
                )),
                error => CliError::failed(error),
            }),
        None if now => identity.rotate_keys_now().await.map_err(CliError::failed),
        None => identity
            .rotate_keys(Hurry::Soon)
            .await
            .map_err(CliError::failed),
    }?;
    Ok(told(&changes))
}

fn told(changes: &[KeyChange]) -> String {
    if changes.is_empty() {
        return "nothing to do: see gantry keys ls for what happens next\n".to_owned();
    }
    let mut text = String::new();
    for change in changes {
        // Writing to a String cannot fail.
        writeln!(text, "{change}").ok();
    }
    text
}

async fn signing_keys(identity: &Identity) -> Result<String, CliError> {
    let mut text = "signing keys\n".to_owned();
    for key in identity.signing_keys().await.map_err(CliError::failed)? {
        let (step, at) = key.next;
        let step = match step {
            KeyStep::Followed => "the next one is published",
            KeyStep::Signs => "signs from",
            KeyStep::Retires => "signs until",
            KeyStep::Forgotten => "is forgotten",
        };
        let (kid, state, made) = (key.kid, key.state, key.created_at);
        // Writing to a String cannot fail.
        writeln!(text, "  {kid}  {state:<8}  made {made}, {step} {at}").ok();
    }
    Ok(text)
}

async fn master_keys(master: &MasterKeys) -> Result<String, CliError> {
    let report = master.report().await.map_err(CliError::failed)?;
    let (given, needed) = (master.ids(), master.needed().await?);
    let used = report.uses.keys().map(|(_, id)| id);
    let mut all: Vec<&String> = given.iter().chain(&needed).chain(used).collect();
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|id| seen.insert(*id));
    let mut text = "master keys\n".to_owned();
    for id in all {
        let role = match given.iter().position(|known| known == id) {
            Some(0) => "seals",
            Some(_) if needed.contains(id) => "opens",
            Some(_) => "not needed any more",
            None => "missing",
        };
        // Writing to a String cannot fail.
        writeln!(text, "  {id}  {role}").ok();
        for ((column, _), values) in report.uses.iter().filter(|((_, used), _)| used == id) {
            writeln!(text, "    {values:>8}  {column}").ok();
        }
    }
    text.push_str(&unread(&report));
    Ok(text)
}

fn unread(report: &Report) -> String {
    let line =
        |(tenant, why): &(_, String)| format!("  tenant {tenant} could not be read: {why}\n");
    report.failed.iter().map(line).collect()
}

async fn rewrap(master: &MasterKeys) -> Result<String, CliError> {
    let done = master.rewrap().await.map_err(CliError::failed)?;
    let mut text = String::new();
    for (column, moved) in &done.moved {
        // Writing to a String cannot fail.
        writeln!(text, "{column}: {moved} moved").ok();
    }
    let needed = master.needed().await?;
    let mut left = false;
    for id in master.ids().iter().skip(1) {
        if needed.contains(id) {
            left = true;
            let values = done.report.needing(id);
            writeln!(
                text,
                "{id} is still needed, for {values} values that were counted"
            )
            .ok();
        } else {
            writeln!(
                text,
                "{id} is not needed any more: remove it from the configuration"
            )
            .ok();
        }
    }
    text.push_str(&unread(&done.report));
    if left {
        return Err(CliError::Failed(text));
    }
    Ok(text)
}
