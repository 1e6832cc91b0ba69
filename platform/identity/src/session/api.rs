//! Signing in and out, and seeing where one is signed in.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_http::{
    Body, Cookie, Json, NoContent, Path, PublicCx, ReplyExt, RequestContext, SESSION_COOKIE,
    UserCx, With,
};
use gantry_kernel::{Actor, Email, IdentityId, Secret, SessionId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::begin::Start;
use super::{CookieValue, Method, Methods, store};
use crate::challenge::{Entered, Entrance, enter};
use crate::password::prove;
use crate::{Error, Identity};

/// How the session travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Access and refresh token in the reply, for API clients.
    #[default]
    Token,
    /// A `__Host-` cookie, for browsers; nothing to keep in web storage.
    Cookie,
}

impl Mode {
    /// The stored name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Cookie => "cookie",
        }
    }

    /// By its stored name.
    pub(crate) fn of(stored: &str) -> Self {
        if stored == Self::Cookie.as_str() {
            Self::Cookie
        } else {
            Self::Token
        }
    }
}

/// Credentials.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogIn {
    /// The address of the account.
    email: Email,
    /// Its password.
    password: Secret<String>,
    /// `token` (the default) or `cookie`.
    #[serde(default)]
    mode: Mode,
    /// The `device_token` of an earlier log-in to this account, from a client without cookies. Failures of a known
    /// device are counted apart, so that nobody elsewhere can lock it out.
    device_token: Option<Secret<String>>,
}

/// A new session.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SignedIn {
    /// Who signed in.
    pub(crate) identity: IdentityId,
    /// The new session.
    pub(crate) session: SessionId,
    /// When the session ends unless it is used before.
    pub(crate) session_expires_at: Timestamp,
    /// The tokens, in mode `token`.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) tokens: Option<Tokens>,
}

/// Tokens of an API client (the names of RFC 6749, section 5.1).
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Tokens {
    /// Goes into `Authorization: Bearer`.
    pub(crate) access_token: String,
    /// Always `Bearer`.
    pub(crate) token_type: &'static str,
    /// Seconds the access token is good for.
    pub(crate) expires_in: i64,
    /// Exchange it once for the next pair; keep it secret.
    pub(crate) refresh_token: String,
    /// Of a log-in only: send it with the next one. It opens nothing, and is good for months.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device_token: Option<String>,
}

/// Signs in, or asks for the second factor of the account. Every log-in makes a new session; the one of a cookie that the
/// browser sends along ends.
pub(crate) async fn log_in(
    identity: Arc<Identity>,
    cx: PublicCx,
    Body(input): Body<LogIn>,
) -> Result<Entrance, Error> {
    let origin = cx.origin();
    let account = identity.account_key(&input.email);
    let known = identity
        .devices
        .known(&cx, &account, input.device_token.as_ref());
    let proof = prove(&identity, &input.email, input.password, known, &origin).await?;
    let start = Start {
        person: proof.account.id,
        mode: input.mode,
        methods: Methods::new([Method::Password]),
        impersonation: None,
        brought: CookieValue::of(&cx),
        vouched: None,
    };
    let (proven, config) = (proof.clone(), identity.config.clone());
    let entered = identity
        .control
        .write(async move |tx| {
            proven.log_in(tx).await?;
            enter(tx, &start, &origin, &config).await
        })
        .await?;
    // Half a log-in leaves the attempts counted: they bound how many challenges there can be.
    if matches!(entered, Entered::Session(_)) {
        proof.forgive(&identity);
    }
    entered
        .reply(&identity, Some(identity.device(&cx, &account)))
        .await
}

/// Signs out of this session only.
pub(crate) async fn log_out(
    identity: Arc<Identity>,
    cx: UserCx,
    (): (),
) -> Result<With<NoContent>, Error> {
    end(&identity, &cx, cx.session().id).await?;
    Ok(NoContent.with_cookie(Cookie::remove(SESSION_COOKIE)))
}

/// One place where the caller is signed in.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Session {
    /// The session.
    id: SessionId,
    /// `cookie` for a browser, `token` for an API client.
    kind: String,
    /// When it began.
    created_at: Timestamp,
    /// When it was last used, to within five minutes.
    last_seen_at: Timestamp,
    /// When it ends unless it is used before.
    expires_at: Timestamp,
    /// The address it began from.
    ip: Option<String>,
    /// What the client said it is.
    user_agent: Option<String>,
    /// Whether the platform's staff act as you in it.
    impersonated: bool,
    /// Whether this request belongs to it.
    current: bool,
}

/// All living sessions.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Sessions {
    /// Newest first.
    items: Vec<Session>,
}

/// Lists the caller's sessions.
pub(crate) async fn list_sessions(
    identity: Arc<Identity>,
    cx: UserCx,
    (): (),
) -> Result<Json<Sessions>, Error> {
    let (person, current) = (cx.principal().identity, cx.session().id);
    let rows = identity
        .control
        .read(async move |tx| store::list(tx, person).await)
        .await?;
    let items = rows.into_iter().map(|row| Session {
        id: row.id,
        kind: row.kind,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
        ip: row.ip,
        user_agent: row.user_agent,
        impersonated: row.operator_id.is_some(),
        current: row.id == current,
    });
    Ok(Json(Sessions {
        items: items.collect(),
    }))
}

/// Ends one of the caller's sessions.
pub(crate) async fn end_session(
    identity: Arc<Identity>,
    cx: UserCx,
    Path(session): Path<SessionId>,
) -> Result<NoContent, Error> {
    if end(&identity, &cx, session).await? {
        Ok(NoContent)
    } else {
        Err(Error::NotFound)
    }
}

/// Ends all of the caller's sessions, this one too.
pub(crate) async fn end_all_sessions(
    identity: Arc<Identity>,
    cx: UserCx,
    (): (),
) -> Result<With<NoContent>, Error> {
    let (person, origin) = (cx.principal().identity, cx.origin());
    identity
        .control
        .write(async move |tx| {
            let ended = store::revoke_all(tx, person, None, "log_out_everywhere").await?;
            let entry = Entry::new(
                Actor::Identity(person),
                "identity.sessions.ended",
                Target::new("identity", person),
            );
            gantry_audit::append(
                tx,
                entry
                    .after(Facts::new().with("sessions", ended))
                    .origin(&origin),
            )
            .await?;
            Ok::<_, Error>(())
        })
        .await?;
    identity.changed();
    Ok(NoContent.with_cookie(Cookie::remove(SESSION_COOKIE)))
}

async fn end(identity: &Identity, cx: &UserCx, session: SessionId) -> Result<bool, Error> {
    let (person, origin) = (cx.principal().identity, cx.origin());
    let ended = identity
        .control
        .write(async move |tx| {
            let ended = store::revoke(tx, person, session, "log_out").await?;
            if ended {
                let entry = Entry::new(
                    Actor::Identity(person),
                    "identity.session.ended",
                    Target::new("session", session),
                );
                gantry_audit::append(tx, entry.origin(&origin)).await?;
            }
            Ok::<_, Error>(ended)
        })
        .await?;
    identity.changed();
    Ok(ended)
}

/// A token for `X-CSRF-Token`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CsrfToken {
    /// Send it with every write of a browser session. Good as long as the session.
    csrf_token: String,
}

/// A CSRF token of the caller's session. Bearer callers need none.
pub(crate) async fn csrf_token(
    identity: Arc<Identity>,
    cx: UserCx,
    (): (),
) -> Result<Json<CsrfToken>, Error> {
    let token = identity
        .csrf
        .token(cx.kernel().entropy.as_ref(), cx.session().id);
    Ok(Json(CsrfToken { csrf_token: token }))
}
