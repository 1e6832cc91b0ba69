//! Finds PgBouncer for the tests through a pooler: the one named in `GANTRY_TEST_PGBOUNCER`, else the one on the search path or
//! where Debian puts it. Without one those tests are left out, and the run says so.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::step::Failure;

/// Names the program for the tests, or says `none`.
pub(crate) const VARIABLE: &str = "GANTRY_TEST_PGBOUNCER";

/// What [`VARIABLE`] is to say.
pub(crate) fn provide() -> Result<OsString, Failure> {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        if named != "none" && !PathBuf::from(&named).is_file() {
            return Err(Failure::new(
                format!("{VARIABLE} names {}, which is no program", named.display()),
                "unset it to search, or say none",
            ));
        }
        return Ok(named);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let mut files = folders.map(|folder| folder.join("pgbouncer"));
    if let Some(found) = files.find(|file| file.is_file()) {
        println!("   PgBouncer: {}", found.display());
        return Ok(found.into_os_string());
    }
    println!("   PgBouncer: LEFT OUT, there is none here (Debian: apt-get install pgbouncer)");
    Ok("none".into())
}
