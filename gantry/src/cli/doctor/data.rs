//! The databases and what is in them: versions, the master key, migrations, backups, what was left lying.

use std::time::Duration;

use gantry_db::{ControlTx, Databases, DbError, Inspection, TenantState, args, directory, sql};
use gantry_jobs::admin;
use gantry_kernel::{Kernel, Timestamp};
use gantry_runtime::{Config, DatabaseSettings, TopSettings, master_key};

use super::super::context::Context;
use super::report::Report;

/// Clocks further apart than this make sessions and schedules wrong in ways people notice.
const APART: Duration = Duration::from_secs(2);
/// Work that is due for longer than this is not being done.
const STALE: Duration = Duration::from_mins(15);

pub(super) async fn examine(context: &Context, config: &Config, report: &mut Report) {
    let kernel = Kernel::system();
    let databases = open(context, config, &kernel, report).await;
    key(context, config, databases.as_ref(), report).await;
    let Some(databases) = databases else {
        return;
    };
    if let Err(error) = contents(config, &databases, &kernel, report).await {
        report.fail(
            "database",
            format!("it cannot be read: {error}"),
            "look at the server's log",
        );
    }
    if let Err(error) = databases.close().await {
        report.warn(
            "database",
            format!("closing it failed: {error}"),
            "look at the server's log",
        );
    }
}

/// Opens the databases if that changes nothing: control is there and has this program's schema.
async fn open(
    context: &Context,
    config: &Config,
    kernel: &Kernel,
    report: &mut Report,
) -> Option<Databases> {
    const CHECK: &str = "database";
    let settings = config.section::<DatabaseSettings>("database").ok()?;
    let db = settings.to_db(&context.data);
    let migrations = context.app.registry().migrations();
    let found = match gantry_db::inspect(&db, kernel, migrations).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            report.warn(
                CHECK,
                "there is no control database yet; the first start makes it",
                "name the right data directory or database.url if there should be one",
            );
            return None;
        }
        Err(error) => {
            report.fail(
                CHECK,
                error.to_string(),
                "start the database, or correct database.url; a schema of a newer program needs that program",
            );
            return None;
        }
    };
    report.ok(CHECK, format!("{} answers", found.version));
    clock(&found, kernel, report);
    if !found.pending.is_empty() {
        report.warn(
            "migrations",
            format!(
                "the next start changes the schema of control: {}",
                found.pending.join(", ")
            ),
            "take a backup first (gantry backup now, with the program that runs now); see Upgrade in docs/operating.md",
        );
        return None;
    }
    match Databases::open(db, kernel.clone(), migrations.clone()).await {
        Ok(databases) => Some(databases),
        Err(error) => {
            report.fail(CHECK, error.to_string(), "look at the server's log");
            None
        }
    }
}

fn clock(found: &Inspection, kernel: &Kernel, report: &mut Report) {
    let Some(theirs) = found.clock else {
        return;
    };
    let ours = kernel.now();
    let apart = distance(ours, theirs);
    if apart > APART {
        report.warn(
            "clock",
            format!(
                "this machine and the database are {:.1} s apart",
                apart.as_secs_f64()
            ),
            "let both follow a time server (NTP)",
        );
    } else {
        report.ok("clock", "this machine and the database agree");
    }
}

fn distance(one: Timestamp, other: Timestamp) -> Duration {
    if one > other {
        one.since(other)
    } else {
        other.since(one)
    }
}

async fn key(
    context: &Context,
    config: &Config,
    databases: Option<&Databases>,
    report: &mut Report,
) {
    const CHECK: &str = "master key";
    let Ok(top) = config.section::<TopSettings>("") else {
        return;
    };
    let origin = config.origin("master_key").to_string();
    let configured = top.master_key.as_ref().map(|key| (key, origin.clone()));
    let control = databases.map(|databases| &databases.control);
    match master_key::look(configured, &context.data, control).await {
        Err(error) => report.fail(CHECK, error.to_string(), "bring back the key that sealed this data"),
        Ok(None) => report.warn(
            CHECK,
            "there is none; the first start makes one beside the data directory",
            "keep a copy of it apart from the backups",
        ),
        Ok(Some(key)) => match key.file {
            Some(file) if key.exposed => report.fail(
                CHECK,
                format!("others can read {}", file.display()),
                format!("chmod 600 {}", file.display()),
            ),
            Some(file) => report.warn(
                CHECK,
                format!("it lies beside the data, in {}: whoever copies the disk has both", file.display()),
                "give it by GANTRY_MASTER_KEY or master_key_file from a place that backups of the disk leave out",
            ),
            None => report.ok(CHECK, format!("given by {origin}, and it fits")),
        },
    }
}

async fn contents(
    config: &Config,
    databases: &Databases,
    kernel: &Kernel,
    report: &mut Report,
) -> Result<(), DbError> {
    let control = &databases.control;
    let behind = databases.tenants.behind().await?;
    let (tenants, backlog, newest) = control
        .read(async |tx: &mut ControlTx| {
            let tenants = directory::count(tx).await?;
            let backlog = admin::backlog(tx).await?;
            let (newest,) = tx
                .one::<(Option<Timestamp>,)>(sql!("select max(at) from audit"), &args![])
                .await?;
            Ok::<_, DbError>((tenants, backlog, newest))
        })
        .await?;
    let now = kernel.now();
    if newest.is_some_and(|newest| newest > now && newest.since(now) > APART) {
        report.warn(
            "clock",
            "the audit log holds rows from the future: the clock was set back",
            "check the clock; what is due comes later by the jump",
        );
    }
    fleet(&tenants, behind, report);
    left_over(&backlog, now, report);
    super::backups::examine(config, databases, kernel, report).await;
    Ok(())
}

fn fleet(tenants: &[(TenantState, i64)], behind: i64, report: &mut Report) {
    let words: Vec<String> = tenants
        .iter()
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    let says = if words.is_empty() {
        "none yet".to_owned()
    } else {
        words.join(", ")
    };
    report.ok("tenants", says);
    if behind > 0 {
        report.warn(
            "migrations",
            format!("{behind} tenants have an older schema"),
            "nothing: each is migrated when it is opened, and the server does the rest in the background",
        );
    } else {
        report.ok("migrations", "every database has the present schema");
    }
}

fn left_over(backlog: &admin::Backlog, now: Timestamp, report: &mut Report) {
    const CHECK: &str = "jobs";
    if backlog.dead > 0 {
        report.warn(
            CHECK,
            format!("{} jobs of the platform were given up", backlog.dead),
            "gantry jobs ls says why; replay them when the cause is gone",
        );
    }
    let waited = backlog.oldest_due.map(|oldest| now.since(oldest));
    match waited {
        Some(waited) if waited > STALE => report.warn(
            CHECK,
            format!("work has been due for {} minutes", waited.as_secs() / 60),
            "start the server, or look in its log for what holds it up",
        ),
        _ if backlog.dead == 0 => report.ok(CHECK, "nothing was left lying"),
        _ => {}
    }
    if backlog.mails_held > 0 {
        report.warn(
            "mail",
            format!("{} mails of the platform are held", backlog.mails_held),
            "configure [mail], and they go out with the next start",
        );
    }
}
