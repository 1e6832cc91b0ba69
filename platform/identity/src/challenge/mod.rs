//! Between a first proof and the session: an account with a second factor is asked for it.
//!
//! Every way to sign in ends in [`enter`], which decides between a session and a challenge; there is no way around it.
//! A challenge names the account and what was proven, lives five minutes, takes five tries and is good once.

pub(crate) mod api;
mod store;

pub(crate) use store::{forget, person, sweep};

use gantry_db::Tx;
use gantry_http::{Accepted, Created, Describe, Reply, Response, With};
use gantry_kernel::{Origin, Problem, Secret, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::IdentityConfig;
use crate::factor::{self, Kind};
use crate::password::device::NewDevice;
use crate::session::api::SignedIn;
use crate::session::begin::{Begun, Start, begin};
use crate::{Error, Identity, account};

/// What a first proof led to, with the commit.
pub(crate) enum Entered {
    /// The account asks for no more.
    Session(Begun),
    /// The account has a second factor that was not among the proofs.
    Challenge(Open),
}

/// A challenge that was just made.
pub(crate) struct Open {
    token: Secret<String>,
    expires_at: Timestamp,
    kinds: Vec<Kind>,
}

/// Begins the session of somebody who proved `start.methods`, or asks for the second factor of the account.
/// Errors: [`Error::Credentials`] when the account may not sign in any more.
pub(crate) async fn enter(
    tx: &mut Tx,
    start: &Start,
    origin: &Origin,
    config: &IdentityConfig,
) -> Result<Entered, Error> {
    let account = account::store::by_id(tx, start.person)
        .await?
        .filter(account::Account::may_sign_in)
        .ok_or(Error::Credentials)?;
    if start.methods.is_multi_factor() || !account.has_second_factor() {
        return Ok(Entered::Session(begin(tx, start, origin, config).await?));
    }
    let (token, expires_at) = store::put(tx, start).await?;
    let kinds = factor::store::kinds(tx, start.person).await?;
    Ok(Entered::Challenge(Open {
        token,
        expires_at,
        kinds,
    }))
}

/// What a client is asked for after a good first proof.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SecondStep {
    /// Always `second_factor`.
    next: &'static str,
    /// Send it with the proof to `POST /api/v1/auth/sessions/second-factor`; keep it secret.
    challenge: String,
    /// What the account can be proven with.
    methods: Vec<Kind>,
    /// When the challenge is over.
    expires_at: Timestamp,
}

/// The answer to a log-in: 201 with the session, or 202 with a challenge.
pub(crate) enum Entrance {
    Session(With<Created<SignedIn>>),
    Challenge(Accepted<SecondStep>),
}

impl Entered {
    /// The reply that hands it over; `device` is for a session only.
    pub(crate) async fn reply(
        self,
        identity: &Identity,
        device: Option<NewDevice>,
    ) -> Result<Entrance, Error> {
        match self {
            Self::Session(begun) => Ok(Entrance::Session(begun.reply(identity, device).await?)),
            Self::Challenge(open) => Ok(Entrance::Challenge(Accepted(SecondStep {
                next: "second_factor",
                challenge: open.token.expose().clone(),
                methods: open.kinds,
                expires_at: open.expires_at,
            }))),
        }
    }
}

impl Reply for Entrance {
    fn respond(self) -> Result<Response, Problem> {
        match self {
            Self::Session(reply) => reply.respond(),
            Self::Challenge(reply) => reply.respond(),
        }
    }

    fn describe(operation: &mut Describe<'_>) {
        <With<Created<SignedIn>> as Reply>::describe(operation);
        <Accepted<SecondStep> as Reply>::describe(operation);
    }
}
