//! What may be in the tree of foreign crates, and how often.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Graph;
use crate::step::{Failure, read};
use crate::workspace::cargo;

/// Database drivers belong to the storage crate; the test kit makes and drops databases.
const DRIVERS: &[&str] = &["rusqlite", "libsqlite3-sys", "tokio-postgres", "postgres"];
const DRIVER_USERS: &[&str] = &["kit/db", "kit/testkit"];

/// Never in a program of ours, with the reason.
const BANNED: &[(&str, &str)] = &[
    ("openssl", "one TLS stack: rustls on aws-lc-rs"),
    ("openssl-sys", "one TLS stack: rustls on aws-lc-rs"),
    ("native-tls", "one TLS stack: rustls on aws-lc-rs"),
    ("ring", "one cryptography library: aws-lc-rs"),
    ("sqlx", "one small API over both engines: kit/db"),
    ("sea-orm", "one small API over both engines: kit/db"),
    ("diesel", "one small API over both engines: kit/db"),
];

/// Two versions of these in one program are two stacks, two key stores or two SQLite libraries.
const SINGLE: &[&str] = &[
    "rustls",
    "aws-lc-rs",
    "aws-lc-sys",
    "rusqlite",
    "libsqlite3-sys",
    "tokio-postgres",
    "tokio",
    "hyper",
];

/// Name and version of every crate that ends up in a program of ours.
pub(super) type Shipped = BTreeMap<String, BTreeSet<String>>;

/// Asks cargo with its own resolution of features: `cargo metadata` also lists crates that a feature
/// could bring in and does not.
pub(super) fn shipped() -> Result<Shipped, Failure> {
    let mut tree = cargo(&[
        "tree",
        "--workspace",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
    ]);
    tree.args(["--format", "{p}", "--quiet"]);
    Ok(parse(&read(
        &mut tree,
        "`cargo tree` says what is wrong with a manifest",
    )?))
}

/// Lines `name v1.2.3 (where)`.
fn parse(tree: &str) -> Shipped {
    let mut shipped = Shipped::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            let version = version.trim_start_matches('v').to_owned();
            shipped.entry(name.to_owned()).or_default().insert(version);
        }
    }
    shipped
}

/// Direct uses of a database driver where it does not belong.
pub(super) fn misplaced(graph: &Graph) -> Vec<String> {
    let mut broken = Vec::new();
    for (user, folder) in graph.ours() {
        if DRIVER_USERS.contains(&folder) {
            continue;
        }
        for (used, _) in graph.uses(user) {
            if DRIVERS.contains(&used.name.as_str()) {
                broken.push(format!(
                    "{folder} uses {}: only kit/db speaks to databases",
                    used.name
                ));
            }
        }
    }
    broken
}

/// Crates that must not be there, and crates that must not be there twice.
pub(super) fn broken(shipped: &Shipped) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, reason) in BANNED {
        if shipped.contains_key(*name) {
            broken.push(format!("{name} is in the tree: {reason}"));
        }
    }
    for name in SINGLE {
        let versions: Vec<&str> = shipped
            .get(*name)
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        if versions.len() > 1 {
            broken.push(format!(
                "{name} is in the tree as {}: one is allowed",
                versions.join(" and ")
            ));
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::made_up;
    use super::*;

    #[test]
    fn drivers_live_in_the_storage_crate() {
        let graph = made_up(&[
            (
                "gantry-db",
                "kit/db",
                &[("rusqlite", "normal"), ("tokio-postgres", "normal")],
            ),
            (
                "gantry-testkit",
                "kit/testkit",
                &[("tokio-postgres", "normal")],
            ),
            ("gantry-jobs", "kit/jobs", &[("tokio-postgres", "normal")]),
            ("gantry-spaces", "products/spaces", &[("rusqlite", "dev")]),
            ("rusqlite", "", &[]),
            ("tokio-postgres", "", &[]),
        ]);
        assert_eq!(
            misplaced(&graph),
            [
                "kit/jobs uses tokio-postgres: only kit/db speaks to databases",
                "products/spaces uses rusqlite: only kit/db speaks to databases",
            ]
        );
    }

    #[test]
    fn a_second_stack_is_found() {
        let tree = "gantry v0.1.0 (/repository/gantry)\nrustls v0.23.1\nring v0.17.0\n\
                    rustls v0.22.0\nrustls v0.23.1 (*)\nopenssl v0.10.1\n";
        assert_eq!(
            broken(&parse(tree)),
            [
                "openssl is in the tree: one TLS stack: rustls on aws-lc-rs",
                "ring is in the tree: one cryptography library: aws-lc-rs",
                "rustls is in the tree as 0.22.0 and 0.23.1: one is allowed",
            ]
        );
    }

    #[test]
    fn one_of_each_is_fine() {
        let tree = "gantry v0.1.0 (/repository/gantry)\nrustls v0.23.1\naws-lc-rs v1.19.0\n\
                    base64 v0.22.1\nbase64 v0.23.1\n";
        assert_eq!(broken(&parse(tree)), Vec::<String>::new());
    }
}
