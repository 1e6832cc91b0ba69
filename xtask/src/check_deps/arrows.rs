//! Which of our crates may use which: kernel <- db <- the rest of the kit <- modules <- gantry.

use super::graph::{Graph, Use};

/// What each crate of the kit may use of the kit. A crate that is not listed may use nothing, so a
/// new one starts by taking its place here.
const KIT: &[(&str, &[&str])] = &[
    ("kit/kernel", &[]),
    ("kit/telemetry", &["kit/kernel"]),
    ("kit/db", &["kit/kernel", "kit/telemetry"]),
    ("kit/webauthn", &["kit/kernel"]),
    ("kit/proofs", &["kit/kernel"]),
    ("kit/audit", &["kit/kernel", "kit/db"]),
    ("kit/events", &["kit/kernel", "kit/db"]),
    ("kit/ledger", &["kit/kernel", "kit/db"]),
    ("kit/invoices", &["kit/kernel"]),
    (
        "kit/jobs",
        &["kit/kernel", "kit/telemetry", "kit/db", "kit/audit"],
    ),
    (
        "kit/http",
        &["kit/kernel", "kit/telemetry", "kit/db", "kit/audit"],
    ),
    ("kit/passwords", &["kit/kernel", "kit/telemetry"]),
    (
        "kit/notices",
        &["kit/kernel", "kit/db", "kit/events", "kit/jobs"],
    ),
    (
        "kit/signing",
        &["kit/kernel", "kit/db", "kit/audit", "kit/jobs"],
    ),
    ("kit/outbound", &["kit/kernel", "kit/telemetry"]),
    (
        "kit/export",
        &["kit/kernel", "kit/telemetry", "kit/outbound"],
    ),
    ("kit/openid", &["kit/kernel", "kit/outbound"]),
    ("kit/console", &["kit/http"]),
    ("kit/files", &["kit/kernel", "kit/db", "kit/jobs"]),
    (
        "kit/objects",
        &["kit/kernel", "kit/outbound", "kit/runtime"],
    ),
    (
        "kit/contracts",
        &["kit/kernel", "kit/db", "kit/jobs", "kit/http"],
    ),
    (
        "kit/runtime",
        &[
            "kit/kernel",
            "kit/telemetry",
            "kit/db",
            "kit/audit",
            "kit/jobs",
            "kit/http",
            "kit/contracts",
            "kit/events",
            "kit/files",
            "kit/notices",
            "kit/ledger",
            "kit/outbound",
            "kit/export",
        ],
    ),
    (
        TESTKIT,
        &[
            "kit/kernel",
            "kit/db",
            "kit/audit",
            "kit/jobs",
            "kit/http",
            "kit/contracts",
            "kit/runtime",
        ],
    ),
];

const TESTKIT: &str = "kit/testkit";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    Kit,
    Module,
    Product,
    Simulator,
    Bench,
    Chores,
    Unknown,
}

fn layer(folder: &str) -> Layer {
    match folder.split_once('/') {
        Some(("kit", _)) => Layer::Kit,
        Some(("platform" | "products", _)) => Layer::Module,
        Some(("simulators", _)) => Layer::Simulator,
        None if folder == "gantry" => Layer::Product,
        None if folder == "bench" => Layer::Bench,
        None if folder == "xtask" => Layer::Chores,
        _ => Layer::Unknown,
    }
}

/// One sentence for each arrow that points the wrong way.
pub(super) fn broken(graph: &Graph) -> Vec<String> {
    let mut broken = Vec::new();
    for (user, from) in graph.ours() {
        for (used, usage) in graph.uses(user) {
            let Some(to) = used.folder.as_deref() else {
                continue;
            };
            if let Some(reason) = refusal(from, to, usage) {
                let how = if usage == Use::Dev {
                    " in its tests"
                } else {
                    ""
                };
                broken.push(format!("{from} uses {to}{how}: {reason}"));
            }
        }
    }
    broken.sort();
    broken.dedup();
    broken
}

/// Why `from` may not use `to`; None when it may.
fn refusal(from: &str, to: &str, usage: Use) -> Option<&'static str> {
    let testing = usage == Use::Dev;
    if to == TESTKIT && !testing {
        return Some("the test kit is for tests only");
    }
    match (layer(from), layer(to)) {
        (Layer::Unknown, _) | (_, Layer::Unknown) => Some("the folder has no place in the map"),
        (Layer::Simulator | Layer::Bench | Layer::Chores, _) => Some("it uses nothing of ours"),
        // In its tests a crate may start a simulator, and use the whole kit: cargo allows a circle
        // of development dependencies.
        (_, Layer::Simulator) | (Layer::Kit, Layer::Kit) if testing => None,
        (_, Layer::Simulator) => Some("simulators are separate programs"),
        (_, Layer::Bench) => Some("what measures is no library"),
        (_, Layer::Chores) => Some("chores are no library"),
        (_, Layer::Product) => Some("nothing stands above gantry"),
        (Layer::Product, Layer::Kit | Layer::Module) | (Layer::Module, Layer::Kit) => None,
        (Layer::Module, Layer::Module) => Some("modules meet through kit/contracts"),
        (Layer::Kit, Layer::Module) => Some("the kit knows no module"),
        (Layer::Kit, Layer::Kit) => {
            let allowed = KIT.iter().find(|(folder, _)| *folder == from);
            match allowed {
                Some((_, allowed)) if allowed.contains(&to) => None,
                Some(_) => Some("the arrow points the other way"),
                None => Some("the crate is not in the list of the kit"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::made_up;
    use super::*;

    fn one(from: &str, to: &str, kind: &str) -> Vec<String> {
        broken(&made_up(&[
            ("user", from, &[("used", kind)]),
            ("used", to, &[]),
        ]))
    }

    #[test]
    fn the_arrows_of_the_map_hold() {
        for (from, to, kind) in [
            ("kit/db", "kit/kernel", "normal"),
            ("kit/http", "kit/audit", "normal"),
            ("kit/runtime", "kit/contracts", "normal"),
            ("kit/db", "kit/testkit", "dev"),
            ("platform/identity", "kit/contracts", "normal"),
            ("platform/identity", "kit/testkit", "dev"),
            ("platform/notify", "simulators/smtp", "dev"),
            ("products/spaces", "kit/jobs", "normal"),
            ("gantry", "products/spaces", "normal"),
            ("gantry", "kit/testkit", "dev"),
        ] {
            assert_eq!(one(from, to, kind), Vec::<String>::new(), "{from} -> {to}");
        }
    }

    #[test]
    fn every_other_arrow_is_named() {
        for (from, to, kind) in [
            ("kit/kernel", "kit/db", "normal"),
            ("kit/db", "kit/audit", "normal"),
            ("kit/jobs", "kit/http", "normal"),
            ("kit/http", "kit/jobs", "normal"),
            ("kit/audit", "kit/runtime", "build"),
            ("kit/newcomer", "kit/kernel", "normal"),
            ("kit/runtime", "platform/identity", "normal"),
            ("kit/db", "platform/identity", "dev"),
            ("kit/runtime", "kit/testkit", "normal"),
            ("gantry", "kit/testkit", "normal"),
            ("platform/identity", "platform/tenancy", "normal"),
            ("products/spaces", "platform/identity", "dev"),
            ("products/spaces", "gantry", "dev"),
            ("gantry", "simulators/smtp", "normal"),
            ("gantry", "xtask", "normal"),
            ("simulators/smtp", "kit/kernel", "normal"),
            ("simulators/smtp", "kit/testkit", "dev"),
            ("xtask", "kit/kernel", "normal"),
            ("bench", "kit/kernel", "normal"),
            ("bench", "kit/testkit", "dev"),
            ("gantry", "bench", "dev"),
            ("elsewhere/thing", "kit/kernel", "normal"),
        ] {
            let broken = one(from, to, kind);
            assert_eq!(broken.len(), 1, "{from} -> {to} ({kind}) must be refused");
            assert!(
                broken[0].starts_with(&format!("{from} uses {to}")),
                "{broken:?}"
            );
        }
    }
}
