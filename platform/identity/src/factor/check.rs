//! The one place that holds a second factor against what is stored: for log-in and for step-up, so that both share
//! lock and audit.

use std::time::Duration;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::Tx;
use gantry_kernel::{Actor, Origin, Secret};
use gantry_webauthn::Answer;
use serde_json::json;

use super::{FactorError, Kind, recovery, totp};
use crate::account::Account;
use crate::passkey::{self, Purpose};
use crate::password::lockout::{self, Failure};
use crate::session::{Method, Methods};
use crate::{Error, Identity, mail};

/// What somebody shows.
#[derive(Clone, Debug)]
pub(crate) enum Proof {
    /// Six digits of an authenticator app.
    Code(Secret<String>),
    /// A code on paper.
    RecoveryCode(Secret<String>),
    /// A passkey, and what it was asked for.
    Passkey(Purpose, Answer),
}

/// Where the proof is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The second step of a log-in.
    LogIn,
    /// The confirmation of a sensitive act.
    StepUp,
}

/// What a proof is worth. The transaction must be committed whatever it is: failures are counted in it.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Good, and these are the methods it adds.
    Right(Methods),
    /// Wrong, too old, or used before.
    Wrong,
    /// Not looked at: too many were wrong.
    Locked(Duration),
}

impl Proof {
    /// The one proof among those a request can carry.
    pub(crate) fn of(
        code: Option<Secret<String>>,
        recovery_code: Option<Secret<String>>,
        passkey: Option<(Purpose, Answer)>,
    ) -> Result<Self, FactorError> {
        match (code, recovery_code, passkey) {
            (Some(code), None, None) => Ok(Self::Code(code)),
            (None, Some(code), None) => Ok(Self::RecoveryCode(code)),
            (None, None, Some((purpose, answer))) => Ok(Self::Passkey(purpose, answer)),
            _ => Err(FactorError::NotOne),
        }
    }

    /// Where a request carries it.
    pub(crate) const fn field(&self) -> &'static str {
        match self {
            Self::Code(_) => "/code",
            Self::RecoveryCode(_) => "/recovery_code",
            Self::Passkey(..) => "/passkey",
        }
    }

    const fn kind(&self) -> Kind {
        match self {
            Self::Code(_) => Kind::Totp,
            Self::RecoveryCode(_) => Kind::RecoveryCode,
            Self::Passkey(..) => Kind::Passkey,
        }
    }
}

impl Place {
    const fn as_str(self) -> &'static str {
        match self {
            Self::LogIn => "log_in",
            Self::StepUp => "step_up",
        }
    }
}

/// Holds `proof` against the factors of an account and uses it up.
///
/// Six digits can be guessed, so wrong ones lock further ones for 1, 5, 15, then 60 minutes. Only somebody who passed
/// the first step gets here, and the lock does not keep out the owner, whose other factors are looked at all the same.
pub(crate) async fn check(
    state: &Identity,
    tx: &mut Tx,
    account: &Account,
    proof: &Proof,
    place: Place,
    origin: &Origin,
) -> Result<Verdict, Error> {
    let guesser = state.factor_guesser(account.id);
    let right = match proof {
        Proof::Code(code) => {
            if let Some(after) = lockout::remaining(tx, &guesser.counter).await? {
                return Ok(Verdict::Locked(after));
            }
            let right = totp::accept(state, tx, account.id, code).await?;
            right.then(one_time_code)
        }
        Proof::RecoveryCode(code) => {
            let right = recovery::accept(tx, account, code, origin).await?;
            right.then(one_time_code)
        }
        Proof::Passkey(purpose, answer) => {
            let person = Some(account.id);
            let right = passkey::check(state, tx, purpose, person, answer, origin).await?;
            right.map(|(_, methods)| methods)
        }
    };
    if let Some(methods) = right {
        lockout::clear(tx, &guesser).await?;
        return Ok(Verdict::Right(methods));
    }
    let target = Target::new("identity", account.id);
    let facts = Facts::new()
        .with("at", place.as_str())
        .with("kind", proof.kind().as_str());
    match lockout::fail(tx, &guesser).await? {
        Failure::Counted { first: false } | Failure::Late(_) => {}
        // One row for a series, so that an attack cannot fill the log.
        Failure::Counted { first: true } => {
            let entry = Entry::new(Actor::Anonymous, "identity.second_factor.failed", target);
            gantry_audit::append(tx, entry.denied().after(facts).origin(origin)).await?;
        }
        Failure::Locked { level, minutes } => {
            let facts = facts.with("level", level).with("minutes", minutes);
            let entry = Entry::new(Actor::Anonymous, "identity.second_factor.locked", target);
            gantry_audit::append(tx, entry.denied().after(facts).origin(origin)).await?;
            if level == 1 {
                mail::put(tx, mail::SECOND_FACTOR_LOCKED, &account.email, json!({})).await?;
            }
        }
    }
    Ok(Verdict::Wrong)
}

fn one_time_code() -> Methods {
    Methods::new([Method::OneTimeCode])
}
