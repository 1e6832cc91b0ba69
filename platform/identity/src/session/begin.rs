//! The one way in which a session begins, however the person proved who they are.

use gantry_audit::{Entry, Facts, Target};
use gantry_db::Tx;
use gantry_http::{Cookie, Created, ReplyExt, SESSION_COOKIE, With};
use gantry_kernel::{Actor, IdentityId, Origin, Secret, SessionId, Timestamp};

use super::api::{Mode, SignedIn};
use super::store::{self, NewSession};
use super::{CookieValue, Methods};
use crate::config::IdentityConfig;
use crate::impersonation::Impersonation;
use crate::oidc::Vouched;
use crate::password::device::NewDevice;
use crate::{Error, Identity, account};

/// What the new session's client gets.
pub(crate) enum Carrier {
    /// The first refresh token.
    Token(Secret<String>),
    /// The secret of a browser cookie.
    Cookie(Secret<String>),
}

/// A session that begins with the commit.
pub(crate) struct Begun {
    pub(crate) person: IdentityId,
    pub(crate) session: SessionId,
    expires: Timestamp,
    methods: Methods,
    operator: Option<IdentityId>,
    carrier: Carrier,
    ended: u64,
}

/// Who signs in, and by what.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) person: IdentityId,
    pub(crate) mode: Mode,
    pub(crate) methods: Methods,
    /// Who really is there, when staff act as this person.
    pub(crate) impersonation: Option<Impersonation>,
    /// The browser session that the client had before; it ends.
    pub(crate) brought: Option<CookieValue>,
    /// Which provider vouched for them, when one did.
    pub(crate) vouched: Option<Vouched>,
}

/// Writes the session and its audit row, and notes the log-in. Only for a caller whose account needs no further
/// proof; everybody else goes through [`crate::challenge::enter`].
pub(crate) async fn begin(
    tx: &mut Tx,
    start: &Start,
    origin: &Origin,
    config: &IdentityConfig,
) -> Result<Begun, Error> {
    if start.impersonation.is_none() {
        account::store::logged_in(tx, start.person).await?;
    }
    let new = NewSession {
        identity: start.person,
        methods: &start.methods,
        multi_factor: start.methods.is_multi_factor(),
        impersonation: start.impersonation.as_ref(),
        vouched: start.vouched,
        origin,
    };
    let (session, expires, carrier) = match start.mode {
        Mode::Token => {
            let (session, token, expires) = store::create_token(tx, &new, config).await?;
            (session, expires, Carrier::Token(token))
        }
        Mode::Cookie => {
            let (value, expires) = store::create_cookie(tx, &new, config).await?;
            (value.session, expires, Carrier::Cookie(value.secret))
        }
    };
    let person = start.person;
    let actor = start
        .impersonation
        .as_ref()
        .map_or(Actor::Identity(person), |impersonation| {
            Actor::Impersonator {
                operator: impersonation.operator,
                person,
            }
        });
    let entry = Entry::new(
        actor,
        "identity.session.started",
        Target::new("session", session),
    );
    let facts = Facts::new()
        .with("kind", start.mode.as_str())
        .with("methods", start.methods.text());
    let facts = match start.vouched {
        Some(vouched) => facts.with("link", vouched.link.to_string()),
        None => facts,
    };
    let brought = match &start.brought {
        Some(brought) => store::end_brought(tx, brought).await?,
        None => 0,
    };
    let ended = brought + store::end_surplus(tx, person, session).await?;
    let facts = match ended {
        0 => facts,
        ended => facts.with("sessions_ended", ended),
    };
    gantry_audit::append(tx, entry.after(facts).origin(origin)).await?;
    Ok(Begun {
        person: start.person,
        session,
        expires,
        methods: start.methods.clone(),
        operator: start.impersonation.as_ref().map(|by| by.operator),
        carrier,
        ended,
    })
}

impl Begun {
    /// The reply that hands it over. With `device` the client is known at the account from then on; staff acting as
    /// somebody are not.
    pub(crate) async fn reply(
        self,
        identity: &Identity,
        device: Option<NewDevice>,
    ) -> Result<With<Created<SignedIn>>, Error> {
        let mut body = SignedIn {
            identity: self.person,
            session: self.session,
            session_expires_at: self.expires,
            tokens: None,
        };
        if self.ended > 0 {
            identity.changed();
        }
        let location = "/api/v1/auth/session";
        match self.carrier {
            Carrier::Token(refresh) => {
                let mut tokens = identity
                    .tokens(
                        self.person,
                        self.session,
                        &self.methods,
                        self.operator,
                        &refresh,
                    )
                    .await?;
                tokens.device_token = device.map(|device| device.token.expose().clone());
                body.tokens = Some(tokens);
                Ok(Created::at(location, body).into())
            }
            Carrier::Cookie(secret) => {
                let value = CookieValue {
                    session: self.session,
                    secret,
                };
                let age = identity.config.session_absolute.get();
                let cookie = Cookie::new(SESSION_COOKIE, value.text()).max_age(age);
                let reply = Created::at(location, body).with_cookie(cookie);
                Ok(match device {
                    Some(device) => reply.and_cookie(device.cookie),
                    None => reply,
                })
            }
        }
    }
}
