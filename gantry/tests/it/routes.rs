//! The whole table of routes: what is public and why, and that the document describes exactly what
//! is served.

use std::collections::BTreeSet;

use gantry::App;
use gantry_http::{AccessRule, Table};
use gantry_kernel::Kernel;
use gantry_runtime::PermissionDecl;
use gantry_runtime::config::Sources;
use serde_json::Value;

/// The document people read; `gantry openapi` prints it.
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");

async fn with_table(look: impl FnOnce(&Table)) {
    let parent = tempfile::tempdir().unwrap();
    let app = App::new().unwrap();
    let config = app.config(&Sources::default()).unwrap();
    let bound = "127.0.0.1:8080".parse().unwrap();
    let data = parent.path().join("data");
    let assembled = app
        .assemble(config, &data, Kernel::system(), bound)
        .await
        .unwrap();
    look(assembled.process.service.table());
}

fn operations_of(document: &Value) -> BTreeSet<(String, String, String)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, methods)| {
            methods
                .as_object()
                .unwrap()
                .iter()
                .map(move |(method, operation)| {
                    let id = operation["operationId"].as_str().unwrap().to_owned();
                    (path.clone(), method.to_uppercase(), id)
                })
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn public_routes_are_these_and_no_others() {
    with_table(|table| insta::assert_snapshot!("public_routes", table.public_routes().join("\n")))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_and_what_they_demand() {
    let demand = |rule: AccessRule| match rule {
        AccessRule::Public(_) => "public".to_owned(),
        AccessRule::SignedIn => "signed in".to_owned(),
        AccessRule::Tenant(permission, scopes) => {
            let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
            format!("{permission} ({})", scopes.join(", "))
        }
        AccessRule::Member => "member".to_owned(),
        AccessRule::Platform(permission) => format!("{permission} (platform)"),
    };
    with_table(|table| {
        let lines: Vec<String> = table
            .operations()
            .into_iter()
            .map(|(method, path, id, rule)| format!("{method} {path} {id}: {}", demand(rule)))
            .collect();
        insta::assert_snapshot!("operations", lines.join("\n"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_describes_exactly_the_routes() {
    with_table(|table| {
        let served: BTreeSet<_> = table
            .operations()
            .into_iter()
            .map(|(method, path, id, _)| (path.to_owned(), method.to_string(), id.to_owned()))
            .collect();
        assert_eq!(operations_of(&table.openapi()), served);
        let text = std::fs::read_to_string(DOCUMENT).unwrap_or_default();
        let written: Value = serde_json::from_str(&text).unwrap_or_default();
        assert!(
            written == table.openapi(),
            "docs/openapi.json is not what is served; run: cargo run -q -p gantry -- openapi > docs/openapi.json"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_permission_a_route_demands_is_declared_in_its_scopes() {
    let app = App::new().unwrap();
    let catalogue = std::sync::Arc::clone(app.registry().catalogue());
    with_table(|table| {
        for (method, path, _, rule) in table.operations() {
            match rule {
                AccessRule::Tenant(permission, scopes) => {
                    let declared = catalogue.permission(permission.as_str());
                    let declared = declared
                        .unwrap_or_else(|| panic!("{method} {path}: {permission} is not declared"));
                    assert!(
                        scopes.iter().all(|scope| declared.scopes.contains(scope)),
                        "{method} {path}: {permission} cannot be granted in all of its scopes"
                    );
                }
                AccessRule::Platform(permission) => {
                    let declared = catalogue.permission(permission.as_str());
                    assert!(
                        declared.is_some_and(PermissionDecl::is_platform),
                        "{method} {path}: {permission}"
                    );
                }
                AccessRule::Public(_) | AccessRule::SignedIn | AccessRule::Member => {}
            }
        }
    })
    .await;
}
