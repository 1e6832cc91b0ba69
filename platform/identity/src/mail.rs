//! The mails of this module. Tokens are minted when a mail is about to be sent, and whether it is still
//! wanted is decided then: until that moment an intent says the same for every address.

use std::future::{Ready, ready};
use std::sync::Arc;

use gantry_db::{DbError, Tx};
use gantry_jobs::{JobError, MailKind, OutboxMail, outbox};
use gantry_kernel::{Email, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::account::email_change::{self, EmailChangeId};
use crate::account::{self, Account};
use crate::invitation::{self, InvitationId};
use crate::link::{self, Purpose};
use crate::sign_up::{self, SignUpId};
use crate::{Error, Identity};

/// Confirms an address after a sign-up.
pub(crate) const VERIFY_EMAIL: &str = "identity.verify_email";
/// Tells the owner of an account that somebody tried to sign up with its address.
pub(crate) const ALREADY_REGISTERED: &str = "identity.already_registered";
/// Carries the link to set a new password.
pub(crate) const RESET_PASSWORD: &str = "identity.reset_password";
/// Tells that the password was changed.
pub(crate) const PASSWORD_CHANGED: &str = "identity.password_changed";
/// Tells that failed log-ins locked the account for a while.
pub(crate) const ACCOUNT_LOCKED: &str = "identity.account_locked";
/// Tells that a factor was added or removed.
pub(crate) const FACTORS_CHANGED: &str = "identity.factors_changed";
/// Tells that a recovery code was used.
pub(crate) const RECOVERY_CODE_USED: &str = "identity.recovery_code_used";
/// Tells that somebody who knows the password does not know the second factor.
pub(crate) const SECOND_FACTOR_LOCKED: &str = "identity.second_factor_locked";
/// Invites somebody into a workspace.
pub(crate) const INVITATION: &str = "identity.invitation";

/// Carries the link that moves an account to the address it goes to.
pub(crate) const CHANGE_EMAIL: &str = "identity.change_email";
/// Tells the old address that a move was asked for.
pub(crate) const EMAIL_CHANGE_ASKED: &str = "identity.email_change_asked";
/// Tells both addresses that the account has moved.
pub(crate) const EMAIL_CHANGED: &str = "identity.email_changed";
/// Tells that the account is closed.
pub(crate) const ACCOUNT_CLOSED: &str = "identity.account_closed";
/// Tells that the platform's staff act as the person.
pub(crate) const IMPERSONATED: &str = "identity.impersonated";

/// Asks for a mail in the caller's transaction.
pub(crate) async fn put(
    tx: &mut Tx,
    template: &'static str,
    to: &Email,
    params: Value,
) -> Result<(), DbError> {
    outbox::put_mail(
        tx,
        outbox::Mail {
            template,
            to: to.clone(),
            params,
        },
    )
    .await?;
    Ok(())
}

macro_rules! kind {
    ($state:ident, $name:expr, $file:literal, $subject:literal, $example:expr, $prepare:expr) => {{
        let state = Arc::clone($state);
        MailKind::new(
            $name,
            $subject,
            include_str!(concat!("../templates/", $file, ".txt")),
            include_str!(concat!("../templates/", $file, ".html")),
            || $example,
            move |mail| {
                let state = Arc::clone(&state);
                async move { $prepare(&state, mail).await }
            },
        )
    }};
}

/// All mails.
pub(crate) fn kinds(state: &Arc<Identity>) -> Vec<MailKind> {
    vec![
        kind!(
            state,
            VERIFY_EMAIL,
            "verify_email",
            "Confirm your address",
            json!({
                "sign_ups": [{ "at": "2026-01-31 09:30 UTC", "ip": "192.0.2.7", "link": link() }],
                "hours": 24,
            }),
            verify_email
        ),
        kind!(
            state,
            ALREADY_REGISTERED,
            "already_registered",
            "You already have an account",
            json!({ "name": "Example", "sign_in": link(), "reset": link() }),
            known_account
        ),
        kind!(
            state,
            RESET_PASSWORD,
            "reset_password",
            "Set a new password",
            json!({ "name": "Example", "link": link(), "minutes": 60 }),
            reset_password
        ),
        kind!(
            state,
            PASSWORD_CHANGED,
            "password_changed",
            "Your password was changed",
            json!({ "name": "Example", "sign_in": link(), "reset": link() }),
            known_account
        ),
        kind!(
            state,
            ACCOUNT_LOCKED,
            "account_locked",
            "Failed log-ins to your account",
            json!({ "name": "Example", "link": link(), "hours": 24, "reset": link() }),
            account_locked
        ),
        kind!(
            state,
            FACTORS_CHANGED,
            "factors_changed",
            "How you sign in was changed",
            json!({ "name": "Example", "sign_in": link(), "reset": link(), "what": "an authenticator app was added" }),
            known_account
        ),
        kind!(
            state,
            RECOVERY_CODE_USED,
            "recovery_code_used",
            "A recovery code was used",
            json!({ "name": "Example", "sign_in": link(), "reset": link(), "left": 9 }),
            known_account
        ),
        kind!(
            state,
            SECOND_FACTOR_LOCKED,
            "second_factor_locked",
            "Somebody knows your password",
            json!({ "name": "Example", "sign_in": link(), "reset": link() }),
            known_account
        ),
        kind!(
            state,
            INVITATION,
            "invitation",
            "You are invited to {{ workspace }}",
            json!({ "inviter": "Example", "workspace": "North Hall", "role": "Member", "link": link(), "days": 7 }),
            invitation_mail
        ),
        kind!(
            state,
            CHANGE_EMAIL,
            "change_email",
            "Confirm your new address",
            json!({ "name": "Example", "link": link(), "hours": 24 }),
            change_email
        ),
        kind!(
            state,
            EMAIL_CHANGE_ASKED,
            "email_change_asked",
            "Your account is about to move to another address",
            json!({ "name": "Example", "sign_in": link(), "reset": link() }),
            known_account
        ),
        kind!(
            state,
            EMAIL_CHANGED,
            "email_changed",
            "Your account has another address now",
            json!({ "name": "Example" }),
            as_written
        ),
        kind!(
            state,
            ACCOUNT_CLOSED,
            "account_closed",
            "Your account is closed",
            json!({ "name": "Example" }),
            as_written
        ),
        kind!(
            state,
            IMPERSONATED,
            "impersonated",
            "Our staff act as you in {{ workspace }}",
            json!({ "workspace": "North Hall", "reason": "looking into a support request" }),
            as_written
        ),
    ]
}

fn link() -> &'static str {
    "https://gantry.example.com/link#token=example"
}

type Prepared = Result<Option<Value>, JobError>;

/// The confirmed account at an address, for mails that only its owner should get.
async fn confirmed(tx: &mut Tx, to: &Email) -> Result<Option<Account>, DbError> {
    Ok(account::store::by_email(tx, to)
        .await?
        .filter(Account::may_sign_in))
}

#[derive(Deserialize)]
struct SignUpParams {
    /// Absent when the mail is asked for again: then it carries a link for each that waits.
    sign_up: Option<SignUpId>,
}

/// A link confirms the sign-up it is minted for, and the mail says when and from where that was made. It names
/// nobody: the address is not proven, so whatever was typed into the sign-up would be a stranger's words in
/// somebody's mailbox, under our name.
async fn verify_email(state: &Arc<Identity>, mail: OutboxMail) -> Prepared {
    let params = SignUpParams::deserialize(&mail.params)
        .map_err(|error| JobError::fatal(format!("params: {error}")))?;
    let lifetime = state.config.verify_link.get();
    let minted = state
        .control
        .write(async move |tx| {
            let mut minted = Vec::new();
            for pending in sign_up::pending(tx, &mail.to, params.sign_up).await? {
                let subject = pending.id.to_string();
                let token = link::mint(tx, Purpose::Verify, &subject, lifetime).await?;
                minted.push((pending.created_at, pending.ip, token));
            }
            Ok::<_, DbError>(minted)
        })
        .await?;
    if minted.is_empty() {
        return Ok(None);
    }
    let sign_ups = minted.into_iter().map(|(at, ip, token)| {
        let link = Purpose::Verify.url(&state.public_url, &token);
        json!({ "at": minute(at), "ip": ip, "link": link })
    });
    Ok(Some(json!({
        "sign_ups": sign_ups.collect::<Vec<_>>(),
        "hours": lifetime.as_secs() / 3_600,
    })))
}

/// A time as people read it, to the minute.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    let minute = text.get(..16).unwrap_or(&text);
    format!("{} UTC", minute.replace('T', " "))
}

async fn reset_password(state: &Arc<Identity>, mail: OutboxMail) -> Prepared {
    let lifetime = state.config.reset_link.get();
    let minted = state
        .control
        .write(async move |tx| {
            let Some(account) = confirmed(tx, &mail.to).await? else {
                return Ok::<_, DbError>(None);
            };
            let token = link::mint(tx, Purpose::Reset, &account.id.to_string(), lifetime).await?;
            Ok(Some((account.name, token)))
        })
        .await?;
    Ok(minted.map(|(name, token)| {
        let link = Purpose::Reset.url(&state.public_url, &token);
        json!({ "name": name, "link": link, "minutes": lifetime.as_secs() / 60 })
    }))
}

/// For mails that say something to the owner of an account: whatever the intent says, their name, and where to go.
async fn known_account(state: &Arc<Identity>, mail: OutboxMail) -> Prepared {
    let OutboxMail { to, params, .. } = mail;
    let account = state
        .control
        .read(async move |tx| confirmed(tx, &to).await)
        .await?;
    Ok(account.map(|account| {
        let base = state.public_url.trim_end_matches('/');
        let mut vars = params;
        vars["name"] = account.name.into();
        vars["sign_in"] = format!("{base}/sign-in").into();
        vars["reset"] = format!("{base}/forgot-password").into();
        vars
    }))
}

async fn account_locked(state: &Arc<Identity>, mail: OutboxMail) -> Prepared {
    let lifetime = state.config.unlock_link.get();
    let minted = state
        .control
        .write(async move |tx| {
            let Some(account) = confirmed(tx, &mail.to).await? else {
                return Ok::<_, DbError>(None);
            };
            let token = link::mint(tx, Purpose::Unlock, &account.id.to_string(), lifetime).await?;
            Ok(Some((account.name, token)))
        })
        .await?;
    Ok(minted.map(|(name, token)| {
        json!({
            "name": name,
            "link": Purpose::Unlock.url(&state.public_url, &token),
            "hours": lifetime.as_secs().div_ceil(3_600),
            "reset": format!("{}/forgot-password", state.public_url.trim_end_matches('/')),
        })
    }))
}

#[derive(Deserialize)]
struct InvitationParams {
    invitation: InvitationId,
}

async fn invitation_mail(state: &Arc<Identity>, mail: OutboxMail) -> Prepared {
    let params = InvitationParams::deserialize(&mail.params)
        .map_err(|error| JobError::fatal(format!("params: {error}")))?;
    let shared = Arc::clone(state);
    let minted = state
        .control
        .write(async move |tx| {
            let id = params.invitation;
            let open = match invitation::accept::open(&shared, tx, Some(id.to_string())).await {
                Ok(open) => open,
                Err(Error::LinkGone) => return Ok(None),
                Err(error) => return Err(error),
            };
            let lifetime = open.invitation.expires_at - tx.now();
            let token = link::mint(tx, Purpose::Invite, &id.to_string(), lifetime).await?;
            Ok(Some((open, token, lifetime)))
        })
        .await
        .map_err(|error: Error| JobError::retry(error.to_string()))?;
    Ok(minted.map(|(open, token, lifetime)| {
        json!({
            "inviter": open.inviter.name,
            "workspace": open.name,
            "role": open.role,
            "link": Purpose::Invite.url(&state.public_url, &token),
            "days": lifetime.as_secs().div_ceil(86_400),
        })
    }))
}

#[derive(Deserialize)]
struct EmailChangeParams {
    change: EmailChangeId,
}

/// The link is minted while the move is still wanted and the address is free.
async fn change_email(state: &Arc<Identity>, mail: OutboxMail) -> Prepared {
    let params = EmailChangeParams::deserialize(&mail.params)
        .map_err(|error| JobError::fatal(format!("params: {error}")))?;
    let lifetime = state.config.verify_link.get();
    let minted = state
        .control
        .write(async move |tx| {
            let Some(change) = email_change::store::get(tx, params.change).await? else {
                return Ok::<_, DbError>(None);
            };
            let account = account::store::by_id(tx, change.identity_id).await?;
            let free = confirmed(tx, &mail.to).await?.is_none();
            let Some(mover) = account.filter(|account| account.may_sign_in() && free) else {
                return Ok(None);
            };
            let subject = change.id.to_string();
            let minted = link::mint(tx, Purpose::ChangeEmail, &subject, lifetime).await?;
            Ok(Some((mover.name, minted)))
        })
        .await?;
    Ok(minted.map(|(name, token)| {
        let link = Purpose::ChangeEmail.url(&state.public_url, &token);
        json!({ "name": name, "link": link, "hours": lifetime.as_secs() / 3_600 })
    }))
}

/// Everything was known when the mail was asked for; by now the account may have moved or be gone.
fn as_written(_: &Arc<Identity>, mail: OutboxMail) -> Ready<Prepared> {
    ready(Ok(Some(mail.params)))
}
