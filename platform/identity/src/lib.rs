//! People: how they sign up, prove who they are, and what they may do where.
//!
//! One identity per person for the whole platform; memberships, with roles and scopes, per tenant. All of it
//! lives in the control database. The map:
//!
//! - `sign_up/`, `password/`, `session/`, `token/`, `set_up/`: becoming and proving somebody.
//! - `account/`: what people do with their own account; `people/`, `impersonation/`: what operators do.
//! - `factor/`, `challenge/`: authenticator apps, recovery codes, and the second step of a log-in.
//! - `passkey/`: keys of authenticators, which sign in alone or are a second factor.
//! - `member/`, `invitation/`, `role/`: what they may do where.
//! - `service/`: programs that call with keys.
//! - `oidc/`: signing in by others.
//! - `authority/`: the question every request asks, answered from one read.
//! - `link/`, `mail.rs`: links that prove control of a mailbox; `rescue.rs`: when there is no mail.

mod account;
mod audit;
mod authority;
mod challenge;
mod config;
mod error;
mod events;
mod factor;
mod impersonation;
pub mod import;
mod invitation;
mod link;
mod mail;
mod member;
pub mod module;
mod notices;
mod oidc;
mod passkey;
mod password;
mod people;
mod provided;
mod rescue;
mod role;
mod routes;
mod security;
mod service;
mod session;
mod set_up;
mod sign_up;
mod state;
mod sweep;
mod token;

pub use account::PersonName;
pub use config::IdentityConfig;
pub use error::Error;
pub use gantry_passwords::calibrate;
pub use gantry_signing::{Hurry, KeyChange, KeyState, KeyStep, SigningKey};
pub use impersonation::IMPERSONATE;
pub use module::{Handle, module, module_with_handle};
pub use oidc::config::{ClientAuthKind, ProviderConfig};
pub use people::{PERSON_READ, PERSON_SUSPEND};
pub use rescue::{NewUser, Rescued};
pub use role::{
    ACCOUNT_UNLOCK, ADMIN, AUDIT_READ, MEMBER, MEMBER_MANAGE, MEMBER_READ, OPERATOR, OWNER,
    OWNERSHIP,
};
pub use role::{Declared, Fault, Grant, GrantError, ROLE_MANAGE, Role, Roles};
pub use role::{SERVICE_MANAGE, SERVICE_READ};
pub use session::end_restored;
pub use state::{Identity, Needs, StartError};

use gantry_db::Migrations;

/// The tables, all in control.
pub const MIGRATIONS: Migrations = gantry_db::migrations! {
    module: "identity",
    control: [
        "0001_identities",
        "0002_sessions",
        "0003_members",
        "0004_factors",
        "0005_roles",
        "0006_services",
        "0007_oidc",
        "0008_account",
        "0010_passkeys",
        "0015_forgiven",
        "0016_key_networks",
        "0017_tenant_security",
    ],
    tenant: [],
};
