//! The real programs as processes: started, watched, killed, stopped in order.

mod child;
mod openid_peers;
mod pgbouncer;
mod s3;
mod server;
mod smtp;

use std::path::PathBuf;

pub(crate) use child::Child;
pub use openid_peers::OpenIdPeers;
pub use pgbouncer::PgBouncer;
pub use s3::S3Peer;
pub use server::{Server, ServerOptions};
pub use smtp::{Mail, SmtpSim};

/// The program under test: named by `variable`, else in the target folder that this test is in.
fn program(variable: &str, name: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        assert!(
            path.is_file(),
            "{variable} names {}, which is no program",
            path.display()
        );
        return path;
    }
    // Test programs are in target/<profile>/deps, programs in target/<profile>.
    let test = std::env::current_exe().expect("the path of the running test");
    let beside = test
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name));
    beside
        .into_iter()
        .find(|path| path.is_file())
        .unwrap_or_else(|| {
            panic!("{name} is not built and {variable} is not set: run `cargo xtask test`")
        })
}

/// Where `cargo xtask test` keeps what it downloads.
fn cache(what: &str) -> Option<PathBuf> {
    let var = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = var("GANTRY_CACHE_DIR")
        .or_else(|| var("XDG_CACHE_HOME").map(|base| base.join("gantry")))
        .or_else(|| var("HOME").map(|home| home.join(".cache/gantry")));
    cache.map(|cache| cache.join(what))
}
