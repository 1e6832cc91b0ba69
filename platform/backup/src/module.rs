//! How the module joins a process.

use std::sync::Arc;
use std::time::Duration;

use gantry_jobs::{JobError, JobKind, Schedule};
use gantry_outbound::OutboundSettings;
use gantry_runtime::config::ConfigSection;
use gantry_runtime::{
    BuildError, Manifest, Parts, PlatformBuild, PlatformModule, StartHook, Surroundings,
};

use crate::routes::routes;
use crate::works::job;
use crate::{
    BackupConfig, BackupError, Backups, Cause, MIGRATIONS, Smoke, notices, permissions, stale,
};

/// The module's name and its section of the configuration.
const NAME: &str = "backup";
/// The job that takes a backup.
const TAKE: &str = "backup.take";

/// Makes what asks the API over restored copies, from what the process is made of.
pub type MakeSmoke = fn(Surroundings) -> Arc<dyn Smoke>;

struct Module {
    smoke: Option<MakeSmoke>,
}

/// The backup module; what it restores for proof is not asked through the API.
pub fn module() -> impl PlatformModule {
    Module { smoke: None }
}

/// The backup module of a program that can be put together over restored copies.
pub fn module_with(smoke: MakeSmoke) -> impl PlatformModule {
    Module { smoke: Some(smoke) }
}

impl PlatformModule for Module {
    fn manifest(&self) -> Manifest {
        Manifest {
            migrations: MIGRATIONS,
            permissions: permissions::declared(),
            config: vec![ConfigSection::reviewed(NAME, BackupConfig::review)],
            ..Manifest::new(NAME)
        }
    }

    fn build(self: Box<Self>, cx: &PlatformBuild) -> Result<Parts, BuildError> {
        let config = cx.section::<BackupConfig>(NAME)?.as_ref().clone();
        let wanted = config.is_configured();
        let every = config.every.get();
        let mut backups = Backups::new(
            cx.control.clone(),
            cx.tenants.clone(),
            cx.kernel.clone(),
            config,
            cx.section::<OutboundSettings>("outbound")?.as_ref().clone(),
        );
        if let Some(smoke) = self.smoke {
            backups = backups.with_smoke(smoke(cx.surroundings()));
        }
        let schedules = if wanted {
            vec![Schedule::new("backup.take", every, TAKE), stale::schedule()]
        } else {
            Vec::new()
        };
        let whole = backups.clone();
        Ok(Parts {
            start: vec![StartHook::new("restore", move || {
                let backups = whole.clone();
                async move {
                    match backups.unfinished_restore().await {
                        Ok(None) => Ok(Vec::new()),
                        Ok(Some(restore)) => {
                            Err(BackupError::Restoring(restore.backup).to_string())
                        }
                        Err(error) => Err(error.to_string()),
                    }
                }
            })],
            routes: routes(Arc::new(backups.clone())),
            jobs: jobs(&backups),
            schedules,
            ..Parts::default()
        })
    }
}

/// The jobs of this module.
pub fn jobs(backups: &Backups) -> Vec<JobKind> {
    vec![
        scheduled(backups.clone()),
        job::kind(backups.clone()),
        stale::kind(backups.clone()),
    ]
}

/// The job that takes the scheduled backups. One that failed is tried again, three times in all; the
/// next one of the schedule comes anyway.
fn scheduled(backups: Backups) -> JobKind {
    JobKind::new(TAKE, move |_| {
        let backups = backups.clone();
        async move {
            match backups.run(Cause::Schedule).await {
                // Without a place it was switched off since it was enqueued.
                Ok(_) | Err(BackupError::NotConfigured) => Ok(()),
                Err(error) => Err(JobError::retry(error.to_string())),
            }
        }
    })
    .max_attempts(3)
    .backoff(Duration::from_mins(5), Duration::from_hours(1))
    .on_dead(|tx, _| Box::pin(notices::schedule_failed(tx, None)))
}
