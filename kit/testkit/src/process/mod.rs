//! The real programs as processes: started, watched, killed, stopped in order.

mod child;
mod openid_peers;
mod pgbouncer;
mod server;
mod smtp;

use std::path::PathBuf;

pub(crate) use child::Child;
pub use openid_peers::OpenIdPeers;
pub use pgbouncer::PgBouncer;
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
