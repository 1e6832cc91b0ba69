//! `gantry tenant`: what operators' routes do, for somebody with a shell on the server. Each verb calls the
//! same function as its route, and every act is in the audit log as a rescue. The server may be running; what
//! a job finishes (making, moving, removing a database) is done by a running server.

use std::fmt::Write;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;
use gantry_db::directory;
use gantry_kernel::{IdentityId, Slug};
use gantry_tenancy::{By, Move, MoveId, Tenancy};

use super::context::{Context, block_on};
use super::{CliError, say};

const PAGE: i64 = 500;
/// The longest an export may take.
const LONGEST: Duration = Duration::from_hours(6);

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List all tenants: id, state, slug, home, schema, bytes, name
    Ls,
    /// Begin a tenant for somebody; a running server makes its database
    Create {
        /// What people call it
        name: String,
        /// The verified person who will own it, by id
        #[arg(long, value_name = "IDENTITY")]
        owner: IdentityId,
        /// Its name in addresses [default: made from the name]
        #[arg(long)]
        slug: Option<Slug>,
    },
    /// Bring tenants to this program's schema and say how far all are. The server may be running; one that was
    /// interrupted goes on where it was
    Migrate {
        /// One tenant, by its id or slug
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        tenant: Option<String>,
        /// All that are behind
        #[arg(long)]
        all: bool,
    },
    /// Make a tenant read-only
    Suspend {
        /// Its id or slug
        tenant: String,
        /// Shown to its members
        #[arg(long)]
        reason: String,
    },
    /// Give a suspended tenant back
    Resume {
        /// Its id or slug
        tenant: String,
    },
    /// Close a tenant for everybody; a running server removes its database when the grace is over
    Delete {
        /// Its id or slug
        tenant: String,
        /// For operators
        #[arg(long, required_unless_present = "cancel")]
        reason: Option<String>,
        /// Call it off instead, within the grace
        #[arg(long)]
        cancel: bool,
    },
    /// Copy a tenant's SQLite file as it is now, while it is used
    Snapshot {
        /// Its id or slug
        tenant: String,
        /// The file to make
        file: PathBuf,
    },
    /// Write a tenant's contents to a file that belongs to no engine
    Export {
        /// Its id or slug
        tenant: String,
        /// The file to make
        file: PathBuf,
    },
    /// Make a tenant of this installation from a file that `gantry tenant export` wrote
    Adopt {
        /// The file
        file: PathBuf,
        /// The verified person who will own it, by id
        #[arg(long, value_name = "IDENTITY")]
        owner: IdentityId,
        /// Its name in addresses [default: the one it had]
        #[arg(long)]
        slug: Option<Slug>,
        /// What people call it [default: its slug]
        #[arg(long)]
        name: Option<String>,
    },
    /// Move a tenant's database to another home; a running server does it
    Move {
        /// Its id or slug
        tenant: String,
        /// `sqlite`, or the name of a PostgreSQL server
        #[arg(long, value_name = "HOME")]
        to: Option<String>,
        /// Make this move final: the former database is removed
        #[arg(long, value_name = "MOVE", conflicts_with_all = ["to", "revert"])]
        confirm: Option<MoveId>,
        /// Move back to where this move came from
        #[arg(long, value_name = "MOVE", conflicts_with = "to")]
        revert: Option<MoveId>,
    },
}

impl Verb {
    pub(super) fn run(self, context: Context) -> Result<String, CliError> {
        block_on(async move {
            let assembled = context.assemble().await?;
            let tenancy = assembled.tenancy;
            let by = By::rescue();
            match self {
                Self::Ls => list(&tenancy).await,
                Self::Create { name, owner, slug } => {
                    let name = name.parse().map_err(CliError::failed)?;
                    let made = tenancy.create(name, slug, owner, by).await;
                    made.map(|tenant| said(&tenant)).map_err(CliError::failed)
                }
                Self::Migrate { tenant, .. } => migrate(&tenancy, tenant.as_deref()).await,
                Self::Suspend { tenant, reason } => {
                    let done = tenancy.suspend(&tenant, reason, by).await;
                    done.map(|tenant| said(&tenant)).map_err(CliError::failed)
                }
                Self::Resume { tenant } => {
                    let done = tenancy.resume(&tenant, by).await;
                    done.map(|tenant| said(&tenant)).map_err(CliError::failed)
                }
                Self::Delete {
                    tenant,
                    reason,
                    cancel,
                } => {
                    let done = match reason {
                        Some(reason) if !cancel => tenancy.close(&tenant, reason, by).await,
                        _ => tenancy.reopen(&tenant, by).await,
                    };
                    done.map(|tenant| said(&tenant)).map_err(CliError::failed)
                }
                Self::Snapshot { tenant, file } => snapshot(&tenancy, &tenant, &file).await,
                Self::Export { tenant, file } => export(&tenancy, &tenant, &file).await,
                Self::Adopt {
                    file,
                    owner,
                    slug,
                    name,
                } => {
                    let source = File::open(&file).map_err(|error| unreadable(&file, &error))?;
                    let name = name.map(|name| name.parse()).transpose();
                    let name = name.map_err(CliError::failed)?;
                    let adopted = tenancy
                        .adopt(BufReader::new(source), slug, name, owner, by)
                        .await
                        .map_err(CliError::failed)?;
                    Ok(said(&adopted))
                }
                Self::Move {
                    tenant,
                    to,
                    confirm,
                    revert,
                } => {
                    let done = match (to, confirm, revert) {
                        (Some(to), None, None) => tenancy.begin_move(&tenant, &to, by).await,
                        (None, Some(id), None) => tenancy.confirm_move(&tenant, id, by).await,
                        (None, None, Some(id)) => tenancy.revert_move(&tenant, id, by).await,
                        _ => return moves(&tenancy, &tenant).await,
                    };
                    done.map(|one| moving(&one)).map_err(CliError::failed)
                }
            }
        })
    }
}

fn said(tenant: &gantry_tenancy::TenantView) -> String {
    let mut text = format!("{}  {}  {}\n", tenant.id, tenant.state, tenant.slug);
    if let Some(closure) = &tenant.closure {
        // Writing to a String cannot fail.
        writeln!(text, "its database is removed after {}", closure.remove_at).ok();
    }
    text
}

fn moving(one: &Move) -> String {
    let failed = one.last_error.as_ref().map_or_else(String::new, |why| {
        format!("  {} failed: {why}", one.failures)
    });
    format!(
        "{}  {:<9}  {} -> {}{failed}\n",
        one.id, one.state, one.from_home, one.to_home
    )
}

async fn moves(tenancy: &Tenancy, tenant: &str) -> Result<String, CliError> {
    let moves = tenancy.moves(tenant).await.map_err(CliError::failed)?;
    if moves.is_empty() {
        return Ok("no moves\n".to_owned());
    }
    Ok(moves.iter().map(moving).collect())
}

async fn list(tenancy: &Tenancy) -> Result<String, CliError> {
    let (mut text, mut after) = (String::new(), None);
    loop {
        let page = tenancy
            .control
            .read(async |tx| directory::list(tx, None, after, PAGE).await)
            .await?;
        let Some(last) = page.last() else {
            return Ok(text);
        };
        after = Some(last.id);
        let sizes = tenancy.tenants.sizes(&page).await?;
        for tenant in &page {
            let (state, home) = (
                tenant.state.to_string(),
                gantry_db::Home::of(tenant).to_string(),
            );
            let size = sizes
                .get(&tenant.id)
                .map_or_else(|| "-".to_owned(), u64::to_string);
            // Writing to a String cannot fail.
            writeln!(
                text,
                "{}  {state:<12}  {:<24}  {home:<8}  {:>4}  {size:>12}  {}",
                tenant.id, tenant.slug, tenant.schema_version, tenant.name
            )
            .ok();
        }
    }
}

async fn migrate(tenancy: &Tenancy, tenant: Option<&str>) -> Result<String, CliError> {
    if let Some(tenant) = tenant {
        let tenant = tenancy.find(tenant).await.map_err(CliError::failed)?;
        tenancy.tenants.follow(tenant.id).await?;
    } else {
        let mut after = None;
        loop {
            let (report, last) = tenancy.tenants.sweep(after, 100).await?;
            let progress = tenancy.tenants.schema_progress().await?;
            let done = progress.tenants - progress.behind;
            say(&format!("{done} of {} tenants\n", progress.tenants));
            if !report.more {
                break;
            }
            after = last;
        }
    }
    let fleet = tenancy.fleet().await.map_err(CliError::failed)?;
    let mut text = format!(
        "schema {}: {} tenants, {} behind, {} of them failed\n",
        fleet.schema.version, fleet.schema.tenants, fleet.schema.behind, fleet.schema.failed
    );
    for one in &fleet.failed {
        // Writing to a String cannot fail.
        writeln!(
            text,
            "{}  failed {} times: {}",
            one.tenant_id, one.failures, one.error
        )
        .ok();
    }
    if fleet.schema.failed == 0 {
        Ok(text)
    } else {
        Err(CliError::Failed(text))
    }
}

async fn snapshot(tenancy: &Tenancy, tenant: &str, file: &Path) -> Result<String, CliError> {
    let tenant = tenancy.find(tenant).await.map_err(CliError::failed)?;
    tenancy.tenants.get(tenant.id).await?.snapshot(file).await?;
    Ok(format!("{}\n", file.display()))
}

async fn export(tenancy: &Arc<Tenancy>, tenant: &str, file: &Path) -> Result<String, CliError> {
    let tenant = tenancy.find(tenant).await.map_err(CliError::failed)?;
    let db = tenancy.tenants.get(tenant.id).await?;
    let out = File::create_new(file).map_err(|error| unreadable(file, &error))?;
    let copied = db.copy_to(LONGEST, BufWriter::new(out)).await;
    let (mut out, summary) = match copied {
        Ok(copied) => copied,
        Err(error) => {
            // Half a copy is none.
            std::fs::remove_file(file).map_err(|error| unreadable(file, &error))?;
            return Err(CliError::failed(error));
        }
    };
    out.flush()?;
    out.get_ref().sync_all()?;
    Ok(format!(
        "{}: {} rows in {} tables, {} bytes, contents {}\n",
        file.display(),
        summary.rows(),
        summary.tables.len(),
        summary.bytes,
        summary.content
    ))
}

fn unreadable(file: &Path, error: &std::io::Error) -> CliError {
    CliError::Failed(format!("{}: {error}", file.display()))
}
