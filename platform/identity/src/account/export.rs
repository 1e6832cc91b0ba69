//! Everything that the platform holds about a person, for that person (GDPR, articles 15 and 20).
//!
//! What a workspace keeps about them is the workspace's to hand out.

use std::sync::Arc;

use gantry_audit::{Cursor, Entry, Filter, Record, Target};
use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_http::{Download, RequestContext, UserCx};
use gantry_kernel::{Email, IdentityId, Problem, SessionId, Slug, TenantId, Timestamp};
use gantry_notices::Exported;
use serde::Serialize;

use crate::oidc::{self, link::Link};
use crate::passkey::api::PasskeyView;
use crate::role::Grant;
use crate::{Error, Identity, member, passkey};

/// Audit rows read at a time.
const BATCH: u32 = 500;

/// The file.
#[derive(Serialize)]
struct Export {
    made_at: Timestamp,
    account: Account,
    platform_roles: Vec<String>,
    memberships: Vec<Membership>,
    sessions: Vec<Session>,
    passkeys: Vec<PasskeyView>,
    invitations: Vec<Invitation>,
    linked_accounts: Vec<Link>,
    notices: Vec<Exported>,
    /// What the person did, newest first. Rows in a workspace's own log are the workspace's.
    activity: Vec<Record>,
}

#[derive(Serialize)]
struct Account {
    id: IdentityId,
    email: Email,
    name: String,
    has_password: bool,
    verified_at: Option<Timestamp>,
    second_factor_since: Option<Timestamp>,
    last_login_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

from_row!(Account {
    id,
    email,
    name,
    has_password,
    verified_at,
    second_factor_since,
    last_login_at,
    created_at,
    updated_at
});

#[derive(Serialize)]
struct Membership {
    workspace: TenantId,
    slug: Slug,
    name: String,
    joined_at: Timestamp,
    grants: Vec<Grant>,
}

#[derive(Serialize)]
struct Session {
    id: SessionId,
    kind: String,
    methods: String,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
    ip: Option<String>,
    user_agent: Option<String>,
}

from_row!(Session {
    id,
    kind,
    methods,
    created_at,
    last_seen_at,
    expires_at,
    revoked_at,
    ip,
    user_agent
});

#[derive(Serialize)]
struct Invitation {
    workspace: TenantId,
    role: String,
    state: String,
    created_at: Timestamp,
}

from_row!(Invitation {
    workspace,
    role,
    state,
    created_at
});

/// The caller's data as a JSON file.
pub(crate) async fn export(
    identity: Arc<Identity>,
    cx: UserCx,
    (): (),
) -> Result<Download, Problem> {
    let (person, actor, origin) = (cx.principal().identity, cx.actor(), cx.origin());
    let target = Target::new("identity", person);
    identity
        .control
        .write(async move |tx| {
            let entry = Entry::new(actor, "identity.account.exported", target.clone());
            gantry_audit::append(tx, entry.origin(&origin)).await
        })
        .await?;
    let export = identity
        .control
        .read(async move |tx| collect(tx, person).await)
        .await?;
    let text = serde_json::to_vec_pretty(&export).map_err(Problem::internal)?;
    Ok(Download::new("my-data.json", "application/json", text))
}

async fn collect(tx: &mut Tx, person: IdentityId) -> Result<Export, Error> {
    let account: Account = tx
        .opt(
            sql!(
                "select id, email, name, password_hash is not null as has_password, verified_at,
                        second_factor_since, last_login_at, created_at, updated_at
                 from identities where id = $1"
            ),
            &args![person],
        )
        .await?
        .ok_or(Error::NotFound)?;
    let platform_roles: Vec<(String,)> = tx
        .all(
            sql!("select role from platform_grants where identity_id = $1 order by role"),
            &args![person],
        )
        .await?;
    let mut memberships = Vec::new();
    for tenant in member::store::tenants_of(tx, person).await? {
        memberships.push(Membership {
            workspace: tenant.id,
            slug: tenant.slug,
            name: tenant.name,
            joined_at: tenant.created_at,
            grants: member::store::grants(tx, tenant.id, person).await?,
        });
    }
    let sessions = tx
        .all(
            sql!(
                "select id, kind, methods, created_at, last_seen_at, expires_at, revoked_at, ip,
                        user_agent
                 from sessions where identity_id = $1 order by created_at desc, id desc"
            ),
            &args![person],
        )
        .await?;
    let passkeys = passkey::store::list(tx, person).await?;
    let passkeys: Result<_, _> = passkeys.iter().map(PasskeyView::of).collect();
    let invitations = tx
        .all(
            sql!(
                "select tenant_id as workspace, role, state, created_at from invitations
                 where email = $1 order by created_at desc, id desc"
            ),
            &args![account.email],
        )
        .await?;
    let linked = oidc::store::links(tx, person).await?;
    Ok(Export {
        made_at: tx.now(),
        account,
        platform_roles: platform_roles.into_iter().map(|(role,)| role).collect(),
        memberships,
        sessions,
        passkeys: passkeys?,
        invitations,
        linked_accounts: linked.into_iter().map(Link::from).collect(),
        notices: gantry_notices::all(tx, person).await?,
        activity: activity(tx, person).await?,
    })
}

async fn activity(tx: &mut Tx, person: IdentityId) -> Result<Vec<Record>, DbError> {
    let filter = Filter {
        actor: Some(person),
        ..Filter::default()
    };
    let mut all: Vec<Record> = Vec::new();
    loop {
        let after = all.last().map(Cursor::from);
        let more = gantry_audit::list(tx, &filter, after, BATCH).await?;
        if more.is_empty() {
            return Ok(all);
        }
        all.extend(more);
    }
}
