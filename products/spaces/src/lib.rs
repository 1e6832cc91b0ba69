//! Study halls: branches, their students, and how a hall's existing list gets in and out.
//!
//! Features are folders: `branch`, `seating` (seats, shifts and who holds them), `student`, `people` (documents, leads, tickets and what else is known of people), `import` (with `read`, which turns bytes into typed rows and
//! touches nothing else) and `export`. In each, `api` speaks HTTP, `flow` holds the rules in a transaction,
//! `store` holds the SQL. `money` is a folder of such features.

pub mod allowance;
pub mod branch;
pub mod error;
mod events;
pub mod export;
pub mod import;
pub mod money;
mod notices;
mod patch;
pub mod people;
pub mod permission;
pub mod phone;
pub mod routes;
pub mod seating;
pub mod student;
pub mod whole;

use std::sync::Arc;

use allowance::Allowance;
use branch::units::Branches;
use gantry_db::Migrations;
use gantry_jobs::JobKind;
use gantry_runtime::{BuildError, Manifest, Parts, ProductBuild, ProductModule};
use people::People;

/// A stored word that this program does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown word")]
pub struct UnknownWord;

/// The tables of this module; it has none in control.
pub const MIGRATIONS: Migrations = gantry_db::migrations! { module: "spaces", control: [], tenant: ["0001_spaces", "0002_import_askers", "0003_counts", "0010_seating", "0020_money", "0030_documents", "0031_tickets", "0032_leads", "0033_announcements"] };

/// The kinds of job of this module.
pub fn jobs(allowance: &Allowance) -> Vec<JobKind> {
    let mut kinds = import::job::kinds(allowance);
    kinds.push(seating::claim::job::kind());
    kinds.extend(money::job::kinds());
    kinds.extend(people::jobs());
    kinds
}

/// The product.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spaces;

impl ProductModule for Spaces {
    fn manifest(&self) -> Manifest {
        Manifest {
            migrations: MIGRATIONS,
            permissions: permission::permissions(),
            roles: permission::roles(),
            sealed: people::sealed(),
            needs: &[gantry_contracts::LIMITS],
            ..Manifest::new("spaces")
        }
    }

    fn build(self: Box<Self>, cx: &ProductBuild) -> Result<Parts, BuildError> {
        let allowance = Allowance::new(cx.limits.clone());
        let people = Arc::new(People::new(
            cx.kernel.clone(),
            Arc::clone(&cx.keyring),
            &cx.public_url,
            allowance.clone(),
        ));
        Ok(Parts {
            routes: routes::routes(&allowance).join(people::routes::routes(&people)),
            jobs: jobs(&allowance),
            units: Some(Arc::new(Branches::new(cx.tenants.clone()))),
            ..Parts::default()
        })
    }
}
