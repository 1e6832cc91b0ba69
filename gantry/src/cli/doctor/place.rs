//! The machine: the data directory, room on the disk, open files.

use std::path::{Path, PathBuf};

use gantry_backup::BackupConfig;
use gantry_runtime::{Config, DatabaseSettings};

use super::super::context::Context;
use super::report::Report;

/// Below this a server is about to refuse writes.
const NO_ROOM: u64 = 256 << 20;
/// Below this somebody should look.
const LITTLE_ROOM: u64 = 5 << 30;
/// With fewer open files than this, fewer than a hundred tenants of SQLite fit.
const FEW_FILES: u64 = 4_096;

pub(super) fn examine(context: &Context, config: &Config, report: &mut Report) {
    let on_files = config
        .section::<DatabaseSettings>("database")
        .is_ok_and(|settings| settings.url.expose().is_empty());
    data_directory(&context.data, report);
    room("data directory", &context.data, report);
    if let Ok(backup) = config.section::<BackupConfig>("backup") {
        let folders = [&backup.directory, &backup.second_directory];
        for folder in folders.into_iter().flatten() {
            room("backups", folder, report);
        }
    }
    open_files(on_files, report);
}

fn data_directory(data: &Path, report: &mut Report) {
    const CHECK: &str = "data directory";
    let shown = data.display();
    let found = match std::fs::metadata(data) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            report.warn(
                CHECK,
                format!("{shown} is not there; the first start makes it"),
                "name another with --data if this is not the place",
            );
            return;
        }
        Err(error) => {
            report.fail(
                CHECK,
                format!("{shown}: {error}"),
                "let the user of the server reach it",
            );
            return;
        }
    };
    if !found.is_dir() {
        report.fail(
            CHECK,
            format!("{shown} is no directory"),
            "name another with --data",
        );
        return;
    }
    if let Err(error) = try_to_write(data) {
        report.fail(
            CHECK,
            format!("nothing can be written to {shown}: {error}"),
            "run this as the user of the server, and let that user own it: chown -R USER DIR",
        );
        return;
    }
    match open_to_others(&found) {
        Some(mode) => report.warn(
            CHECK,
            format!("others can look into {shown} (mode {mode:04o})"),
            format!("chmod 700 {shown}"),
        ),
        None => report.ok(
            CHECK,
            format!("{shown} can be written to, by its owner alone"),
        ),
    }
}

fn try_to_write(data: &Path) -> std::io::Result<()> {
    let path = data.join(format!(".doctor-{}", std::process::id()));
    std::fs::File::create_new(&path)?;
    std::fs::remove_file(path)
}

#[cfg(unix)]
fn open_to_others(found: &std::fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = found.permissions().mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn open_to_others(_: &std::fs::Metadata) -> Option<u32> {
    None
}

/// The nearest folder that is there: that of one to be made.
fn existing(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    path.ancestors()
        .find(|folder| folder.is_dir())
        .map(Path::to_owned)
}

#[cfg(unix)]
fn room(check: &'static str, path: &Path, report: &mut Report) {
    let Some(folder) = existing(path) else {
        return;
    };
    let shown = path.display();
    let space = match rustix::fs::statvfs(&folder) {
        Ok(space) => space,
        Err(error) => {
            report.warn(
                check,
                format!("the room at {shown} is not known: {error}"),
                "look with df",
            );
            return;
        }
    };
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let all = space.f_blocks.saturating_mul(space.f_frsize).max(1);
    let says = format!("{} of {} free at {shown}", gibibytes(free), gibibytes(all));
    if free < NO_ROOM {
        report.fail(check, says, "make room: writes are about to be refused");
    } else if free < LITTLE_ROOM && free < all / 10 {
        report.warn(check, says, "make room before writes are refused");
    } else {
        report.ok(check, says);
    }
}

#[cfg(not(unix))]
fn room(_: &'static str, _: &Path, _: &mut Report) {}

#[cfg(unix)]
fn gibibytes(bytes: u64) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "shown with one digit after the point"
    )]
    let bytes = bytes as f64;
    format!("{:.1} GiB", bytes / f64::from(1 << 30))
}

#[cfg(unix)]
fn open_files(on_files: bool, report: &mut Report) {
    use rustix::process::{Resource, getrlimit};
    const CHECK: &str = "open files";
    match getrlimit(Resource::Nofile).maximum {
        Some(most) if on_files && most < FEW_FILES => report.warn(
            CHECK,
            format!(
                "at most {most}: about {} tenants can be open at once",
                most / 22
            ),
            "raise the hard limit: LimitNOFILE=65536 in the systemd unit, --ulimit nofile=65536 for a container",
        ),
        Some(most) => report.ok(CHECK, format!("at most {most}")),
        None => report.ok(CHECK, "no limit"),
    }
}

#[cfg(not(unix))]
fn open_files(_: bool, _: &mut Report) {}
