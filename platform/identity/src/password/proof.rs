//! Proof of an account by its password: the one place that compares passwords, for log-in, for accepting
//! an invitation and for changing the password, so that all three share limits, lock and timing.

use gantry_audit::{Entry, Facts, Target};
use gantry_db::{DbError, Tx};
use gantry_http::Subject;
use gantry_kernel::{Actor, Email, Origin, Secret};
use serde_json::json;

use super::lockout::{self, AccountKey, Failure};
use super::rules::MAX_CHARS;
use crate::account::{self, Account};
use crate::{Error, Identity, mail};

/// A password that matched, before the transaction that acts on it.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub(crate) account: Account,
    key: AccountKey,
    rehashed: Option<String>,
}

/// Compares `password` with the one of the account at `email`.
///
/// Unknown, unconfirmed and disabled accounts and wrong passwords all take one hash, one write, and answer
/// [`Error::Credentials`]. A locked account answers [`Error::Locked`] without hashing.
pub(crate) async fn prove(
    identity: &Identity,
    email: &Email,
    password: Secret<String>,
    origin: &Origin,
) -> Result<Proof, Error> {
    let key = identity.account_key(email);
    identity.limit(
        "log_in_account",
        Subject::key(key.label()),
        identity.config.log_in_per_account,
    )?;
    if let Some(ip) = origin.ip {
        identity.peek(
            "log_in_address",
            Subject::address(ip),
            identity.config.failed_log_in_per_address,
        )?;
    }
    let wanted = email.clone();
    let (account, locked) = identity
        .control
        .read(async move |tx| {
            let locked = lockout::remaining(tx, &key).await?;
            let account = account::store::by_email(tx, &wanted).await?;
            Ok::<_, DbError>((account, locked))
        })
        .await?;
    if let Some(after) = locked {
        return Err(Error::Locked(after));
    }
    // Longer than any password can be: not worth a hash, and no secret is told by saying so quickly.
    let stored = account
        .as_ref()
        .and_then(|account| account.password_hash.clone());
    let matches = if password.expose().chars().count() > MAX_CHARS {
        false
    } else {
        identity
            .hasher
            .verify(password.clone(), stored.clone())
            .await?
    };
    match account {
        Some(account) if matches && account.may_sign_in() => {
            let outdated = stored.is_some_and(|stored| identity.hasher.is_outdated(&stored));
            let rehashed = if outdated {
                Some(identity.hasher.hash(password).await?)
            } else {
                None
            };
            Ok(Proof {
                account,
                key,
                rehashed,
            })
        }
        other => {
            refuse(identity, email, key, other, origin).await?;
            Err(Error::Credentials)
        }
    }
}

async fn refuse(
    identity: &Identity,
    email: &Email,
    key: AccountKey,
    account: Option<Account>,
    origin: &Origin,
) -> Result<(), Error> {
    if let Some(ip) = origin.ip {
        identity.count(
            "log_in_address",
            Subject::address(ip),
            identity.config.failed_log_in_per_address,
        );
    }
    let (email, origin) = (email.clone(), origin.clone());
    identity
        .control
        .write(async move |tx| {
            let target = match &account {
                Some(account) => Target::new("identity", account.id),
                None => Target::new("account", key.label()),
            };
            match lockout::fail(tx, &key).await? {
                Failure::Counted { first: false } => {}
                // One row for a series, so that an attack cannot fill the log.
                Failure::Counted { first: true } => {
                    let entry = Entry::new(Actor::Anonymous, "identity.log_in.failed", target);
                    gantry_audit::append(tx, entry.denied().origin(&origin)).await?;
                }
                Failure::Locked { level, minutes } => {
                    let facts = Facts::new().with("level", level).with("minutes", minutes);
                    let entry = Entry::new(Actor::Anonymous, "identity.account.locked", target);
                    gantry_audit::append(tx, entry.denied().after(facts).origin(&origin)).await?;
                    if level == 1 {
                        mail::put(tx, mail::ACCOUNT_LOCKED, &email, json!({})).await?;
                    }
                }
            }
            Ok::<_, DbError>(())
        })
        .await?;
    Ok(())
}

impl Proof {
    /// Holds the proof against what is stored now, in the transaction that acts on it: the account was
    /// not locked, disabled or given another password since. Then the failures are forgotten.
    pub(crate) async fn confirm(&self, tx: &mut Tx) -> Result<(), Error> {
        if let Some(after) = lockout::remaining(tx, &self.key).await? {
            return Err(Error::Locked(after));
        }
        let now = account::store::by_id(tx, self.account.id)
            .await?
            .ok_or(Error::Credentials)?;
        if !now.may_sign_in() || now.password_hash != self.account.password_hash {
            return Err(Error::Credentials);
        }
        lockout::clear(tx, &self.key).await?;
        Ok(())
    }

    /// [`Proof::confirm`] for a log-in: also notes the time and stores a hash at today's cost.
    pub(crate) async fn log_in(&self, tx: &mut Tx) -> Result<(), Error> {
        self.confirm(tx).await?;
        account::store::logged_in(tx, self.account.id, self.rehashed.as_deref()).await?;
        Ok(())
    }

    /// Lets the account be tried again at once, after a success.
    pub(crate) fn forgive(&self, identity: &Identity) {
        identity.forgive(&self.key);
    }
}
