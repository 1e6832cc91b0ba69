//! How many files the process may have open, and how many tenants fit in.
//!
//! The usual soft limit of 1024 is for programs that still use `select`; with it a few hundred
//! tenants would end in "unable to open database file". A process may raise its own up to the hard
//! limit.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::SqliteConfig;

/// As many as are kept open when nothing limits them.
pub(crate) const ENOUGH: usize = 2_000;
/// Fewer would be no cache.
const LEAST: usize = 16;

/// Raises the soft limit to the hard one; how many files may be open now, `None` for any number.
pub(crate) fn raise() -> Option<u64> {
    let limits = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limits.maximum,
        maximum: limits.maximum,
    };
    if limits.current == limits.maximum {
        return limits.current;
    }
    match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => limits.maximum,
        Err(error) => {
            tracing::warn!(limit = limits.current, %error, "cannot raise the limit of open files");
            limits.current
        }
    }
}

/// How many tenants may be open at once: half of the files are left to connections and the rest of
/// the process.
pub(crate) fn tenants(files: Option<u64>, config: &SqliteConfig) -> usize {
    let Some(files) = files else {
        return ENOUGH;
    };
    // A database and its log for the writer, each reader and the two long ones; one shared index.
    let each = 2 * (config.readers.max(1) + 3) + 1;
    let files = usize::try_from(files / 2).unwrap_or(usize::MAX);
    (files / each).clamp(LEAST, ENOUGH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_tenants_fit_the_limit() {
        let config = SqliteConfig::default();
        assert_eq!(tenants(None, &config), 2_000);
        assert_eq!(tenants(Some(1_048_576), &config), 2_000);
        assert_eq!(tenants(Some(20_000), &config), 909);
        assert_eq!(tenants(Some(1024), &config), 46);
        assert_eq!(tenants(Some(20), &config), 16);
    }
}
