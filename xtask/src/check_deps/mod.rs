//! Holds the arrows between crates and the choice of one TLS stack and one SQLite, by reading what
//! cargo resolved rather than what manifests say they want.

mod arrows;
mod graph;
mod tree;

use crate::step::{Failure, Outcome, step};
use crate::workspace::metadata;

pub(crate) fn check() -> Outcome {
    step("check-deps", || {
        let graph = graph::Graph::from_metadata(&metadata(true)?)?;
        let mut broken = arrows::broken(&graph);
        broken.extend(tree::misplaced(&graph));
        let shipped = tree::shipped()?;
        broken.extend(tree::broken(&shipped));
        if broken.is_empty() {
            println!(
                "   {} crates of ours, {} in all",
                graph.ours().count(),
                shipped.len()
            );
            return Ok(());
        }
        Err(Failure::new(
            format!(
                "{} dependencies break the rules:\n  {}",
                broken.len(),
                broken.join("\n  ")
            ),
            "move the code to where the arrow allows it (ARCHITECTURE.md); the rules are in xtask/src/check_deps",
        ))
    })
}
