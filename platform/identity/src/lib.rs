//! People: how they sign up, prove who they are, and what they may do where.
//!
//! One identity per person for the whole platform; memberships, with roles and scopes, per tenant. All of it
//! lives in the control database. The map:
//!
//! - `sign_up/`, `password/`, `session/`, `token/`, `set_up/`: becoming and proving somebody.
//! - `member/`, `invitation/`, `role.rs`: what they may do where.
//! - `authority/`: the question every request asks, answered from one read.
//! - `link/`, `mail.rs`: links that prove control of a mailbox; `rescue.rs`: when there is no mail.

mod account;
mod audit;
mod authority;
mod config;
mod error;
mod invitation;
mod link;
mod mail;
mod member;
pub mod module;
mod password;
mod rescue;
mod role;
mod routes;
mod session;
mod set_up;
mod sign_up;
mod state;
mod sweep;
mod token;

pub use account::PersonName;
pub use config::IdentityConfig;
pub use error::Error;
pub use module::{Handle, module, module_with_handle};
pub use rescue::{NewUser, Rescued};
pub use role::{ADMIN, AUDIT_READ, MEMBER, MEMBER_MANAGE, MEMBER_READ, OPERATOR, OWNER, OWNERSHIP};
pub use role::{Grant, GrantError, Role, Roles};
pub use state::{Identity, Needs, StartError};

use gantry_db::Migrations;

/// The tables, all in control.
pub const MIGRATIONS: Migrations = gantry_db::migrations! {
    module: "identity",
    control: ["0001_identities", "0002_sessions", "0003_members"],
    tenant: [],
};
