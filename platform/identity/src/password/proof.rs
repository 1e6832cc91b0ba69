//! Proof of an account by its password: the one place that compares passwords, for log-in, for accepting
//! an invitation and for changing the password, so that all three share limits, lock and timing.

use std::time::Duration;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::{DbError, Tx};
use gantry_http::Subject;
use gantry_kernel::{Actor, Email, Origin, Secret};
use serde_json::json;

use super::lockout::{self, Failure};
use super::rules::MAX_CHARS;
use super::{Guesser, Known, address};
use crate::account::{self, Account};
use crate::{Error, Identity, mail};

/// A password that matched, before the transaction that acts on it.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub(crate) account: Account,
    guesser: Guesser,
    rehashed: Option<String>,
}

/// Compares `password` with the one of the account at `email`; `known` is who is counted if it is wrong.
///
/// Unknown, unconfirmed and disabled accounts and wrong passwords all take one hash, one write, and answer
/// [`Error::Credentials`]. Who is locked gets [`Error::Locked`] without hashing, whatever the password is.
///
/// Guesses made at the same time are compared up to `log_in_per_account` of them in a process. Those that end
/// after the fifth failure are told [`Error::Locked`], right or wrong: more than five are never answered.
pub(crate) async fn prove(
    identity: &Identity,
    email: &Email,
    password: Secret<String>,
    known: Known,
    origin: &Origin,
) -> Result<Proof, Error> {
    let guesser = Guesser::new(identity.account_key(email), known);
    count(identity, &guesser).await?;
    let from = identity.address_counter(&guesser, origin);
    let wanted = email.clone();
    let (account, locked, slowed) = identity
        .control
        .read(async move |tx| {
            let locked = lockout::remaining(tx, &guesser.counter).await?;
            let slowed = match &from {
                Some(counter) => lockout::remaining(tx, counter).await?,
                None => None,
            };
            let account = account::store::by_email(tx, &wanted).await?;
            Ok::<_, DbError>((account, locked, slowed))
        })
        .await?;
    if let Some(after) = locked {
        return Err(Error::Locked(after));
    }
    if let Some(after) = slowed {
        return Err(Error::TooMany(after));
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
                guesser,
                rehashed,
            })
        }
        other => Err(
            match refuse(identity, email, guesser, other, origin).await? {
                Some(after) => Error::Locked(after),
                None => Error::Credentials,
            },
        ),
    }
}

/// Counts an attempt. What was counted in this process's memory is void if another process, or a command, forgave the
/// account since.
async fn count(identity: &Identity, guesser: &Guesser) -> Result<(), Error> {
    let quota = identity.config.log_in_per_account;
    let attempt = || identity.limit("log_in_account", Subject::key(guesser.label()), quota);
    let Err(refused) = attempt() else {
        return Ok(());
    };
    let (account, since) = (
        guesser.account,
        identity.kernel.now().before(quota.period()),
    );
    let forgiven = identity
        .control
        .read(async move |tx| lockout::forgiven(tx, &account, since).await)
        .await?;
    match forgiven {
        Some(at) if identity.forgiven.get(&guesser.counter) != Some(at) => {
            identity.forgiven.insert(guesser.counter, at);
            identity.forgive(guesser);
            attempt()
        }
        _ => Err(refused),
    }
}

/// Counts a failure. The wait is that of a lock which others began while this one was compared.
async fn refuse(
    identity: &Identity,
    email: &Email,
    guesser: Guesser,
    account: Option<Account>,
    origin: &Origin,
) -> Result<Option<Duration>, Error> {
    let from = identity.address_counter(&guesser, origin);
    let quota = identity.config.failed_log_in_per_address;
    let (email, origin) = (email.clone(), origin.clone());
    identity
        .control
        .write(async move |tx| {
            if let Some(counter) = &from {
                address::fail(tx, counter, quota).await?;
            }
            let target = match &account {
                Some(account) => Target::new("identity", account.id),
                None => Target::new("account", guesser.account.label()),
            };
            match lockout::fail(tx, &guesser).await? {
                Failure::Late(after) => return Ok(Some(after)),
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
            Ok(None)
        })
        .await
}

impl Proof {
    /// Holds the proof against what is stored now, in the transaction that acts on it: the account was
    /// not locked, disabled or given another password since. Then the failures are forgotten.
    pub(crate) async fn confirm(&self, tx: &mut Tx) -> Result<(), Error> {
        if let Some(after) = lockout::remaining(tx, &self.guesser.counter).await? {
            return Err(Error::Locked(after));
        }
        let now = account::store::by_id(tx, self.account.id)
            .await?
            .ok_or(Error::Credentials)?;
        if !now.may_sign_in() || now.password_hash != self.account.password_hash {
            return Err(Error::Credentials);
        }
        lockout::clear(tx, &self.guesser).await?;
        Ok(())
    }

    /// [`Proof::confirm`] for a log-in: also stores a hash at today's cost.
    pub(crate) async fn log_in(&self, tx: &mut Tx) -> Result<(), Error> {
        self.confirm(tx).await?;
        if let Some(hash) = &self.rehashed {
            account::store::rehashed(tx, self.account.id, hash).await?;
        }
        Ok(())
    }

    /// Lets the account be tried again at once, after a success.
    pub(crate) fn forgive(&self, identity: &Identity) {
        identity.forgive(&self.guesser);
    }
}
