//! The part of `cargo metadata` that the rules look at.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::step::Failure;

/// How one crate uses another; a crate may do so in several ways.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Use {
    Normal,
    Build,
    Dev,
}

/// A resolved crate.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: String,
    /// Folder inside the workspace, such as `kit/db`; None for crates from elsewhere.
    pub(super) folder: Option<String>,
    /// Ids of the crates it uses.
    pub(super) uses: Vec<(String, Use)>,
}

/// All resolved crates by id.
pub(super) struct Graph {
    packages: BTreeMap<String, Package>,
}

impl Graph {
    pub(super) fn from_metadata(metadata: &Value) -> Result<Self, Failure> {
        Self::read(metadata).ok_or_else(|| {
            Failure::new(
                "cargo metadata has an unknown shape",
                "adapt xtask/src/check_deps/graph.rs",
            )
        })
    }

    fn read(metadata: &Value) -> Option<Self> {
        let root = Path::new(metadata["workspace_root"].as_str()?);
        let members: Vec<&str> = metadata["workspace_members"]
            .as_array()?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let mut packages = BTreeMap::new();
        for package in metadata["packages"].as_array()? {
            let id = package["id"].as_str()?;
            let folder = if members.contains(&id) {
                let manifest = Path::new(package["manifest_path"].as_str()?);
                let folder = manifest.parent()?.strip_prefix(root).ok()?;
                Some(folder.to_str()?.to_owned())
            } else {
                None
            };
            let name = package["name"].as_str()?.to_owned();
            packages.insert(
                id.to_owned(),
                Package {
                    name,
                    folder,
                    uses: Vec::new(),
                },
            );
        }
        for node in metadata["resolve"]["nodes"].as_array()? {
            let package = packages.get_mut(node["id"].as_str()?)?;
            for dependency in node["deps"].as_array()? {
                let id = dependency["pkg"].as_str()?;
                for kind in dependency["dep_kinds"].as_array()? {
                    let usage = match kind["kind"].as_str() {
                        Some("dev") => Use::Dev,
                        Some("build") => Use::Build,
                        _ => Use::Normal,
                    };
                    package.uses.push((id.to_owned(), usage));
                }
            }
        }
        Some(Self { packages })
    }

    /// The workspace's own crates with their folders.
    pub(super) fn ours(&self) -> impl Iterator<Item = (&Package, &str)> {
        self.packages
            .values()
            .filter_map(|package| Some((package, package.folder.as_deref()?)))
    }

    /// What `package` uses directly.
    pub(super) fn uses<'a>(
        &'a self,
        package: &'a Package,
    ) -> impl Iterator<Item = (&'a Package, Use)> {
        package
            .uses
            .iter()
            .filter_map(|(id, usage)| Some((self.packages.get(id)?, *usage)))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Name, folder, and what it uses in which way.
    type Crate<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

    /// Made-up metadata; the folder is empty for crates from elsewhere.
    pub(in crate::check_deps) fn made_up(crates: &[Crate<'_>]) -> Graph {
        let mut packages = Vec::new();
        let mut nodes = Vec::new();
        let mut members = Vec::new();
        for (id, folder, uses) in crates {
            if !folder.is_empty() {
                members.push(*id);
            }
            packages.push(serde_json::json!({
                "id": id, "name": id,
                "manifest_path": format!("/repository/{folder}/Cargo.toml"),
            }));
            let deps: Vec<Value> = uses
                .iter()
                .map(|(used, kind)| {
                    let kind = if *kind == "normal" {
                        Value::Null
                    } else {
                        Value::from(*kind)
                    };
                    serde_json::json!({ "pkg": used, "dep_kinds": [{ "kind": kind }] })
                })
                .collect();
            nodes.push(serde_json::json!({ "id": id, "deps": deps }));
        }
        Graph::from_metadata(&serde_json::json!({
            "workspace_root": "/repository", "workspace_members": members,
            "packages": packages, "resolve": { "nodes": nodes },
        }))
        .unwrap()
    }

    #[test]
    fn an_unknown_shape_is_a_failure() {
        assert!(Graph::from_metadata(&serde_json::json!({ "packages": [] })).is_err());
    }
}
