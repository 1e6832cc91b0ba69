//! Backups: how old the last proven one is, and whether their stores can be used.

use std::time::Duration;

use gantry_backup::{BackupConfig, Backups, State};
use gantry_db::Databases;
use gantry_kernel::Kernel;
use gantry_runtime::Config;

use super::super::backup;
use super::report::Report;

/// For one look at all stores.
const STORES: Duration = Duration::from_secs(30);

async fn stores(backups: &Backups, report: &mut Report) {
    const CHECK: &str = "backup stores";
    let probed = match tokio::time::timeout(STORES, backups.probe()).await {
        Ok(Ok(probed)) => probed,
        Ok(Err(error)) => {
            report.fail(CHECK, error.to_string(), "correct [backup]");
            return;
        }
        Err(_) => {
            report.fail(
                CHECK,
                format!("no answer within {STORES:?}"),
                "check backup.s3.endpoint and the firewall",
            );
            return;
        }
    };
    for (store, outcome) in probed {
        match outcome {
            Ok(()) => report.ok(CHECK, format!("{store} can be used")),
            Err(error) => report.fail(CHECK, error.to_string(), "correct [backup] or the store"),
        }
    }
}

pub(super) async fn examine(
    config: &Config,
    databases: &Databases,
    kernel: &Kernel,
    report: &mut Report,
) {
    const CHECK: &str = "backups";
    let Ok(settings) = config.section::<BackupConfig>("backup") else {
        return;
    };
    if !settings.is_configured() {
        report.warn(CHECK, "none are taken", "set backup.directory or backup.s3");
        return;
    }
    let every = settings.every.get();
    let Ok(backups) = backup::over(databases, config, settings.as_ref().clone()) else {
        return;
    };
    stores(&backups, report).await;
    let listed = match backups.list(100).await {
        Ok(listed) => listed,
        Err(error) => {
            report.fail(CHECK, error.to_string(), "look at the server's log");
            return;
        }
    };
    let good = listed
        .iter()
        .find(|backup| backup.state == State::Done && backup.removed_at.is_none());
    let Some(good) = good else {
        report.warn(CHECK, "there is no proven one yet", "gantry backup now");
        return;
    };
    let age = kernel.now().since(good.started_at);
    let says = format!(
        "{} is proven, {} hours old",
        good.name,
        age.as_secs() / 3_600
    );
    if age > every * 2 {
        report.warn(
            CHECK,
            says,
            "it should be newer: gantry backup ls and the server's log say what failed",
        );
    } else {
        report.ok(CHECK, says);
    }
}
