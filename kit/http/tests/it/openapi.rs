//! The document says what the table says.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::app::{App, Ask};

#[tokio::test]
async fn document_and_table_are_the_same_set() {
    let app = App::new().await;
    let document = app.send(Ask::get("/api/openapi.json")).await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            described.insert(format!("{} {path} {id}", method.to_uppercase()));
        }
    }
    let table: BTreeSet<String> = app
        .service
        .table()
        .operations()
        .iter()
        .map(|(method, path, id, _)| format!("{method} {path} {id}"))
        .collect();
    assert_eq!(described, table);
}

#[tokio::test]
async fn operations_say_who_may_what_goes_in_and_what_comes_out() {
    let app = App::new().await;
    let document = app.service.table().openapi();
    let create = &document["paths"]["/api/v1/tenants/{tenant}/notes"]["post"];
    assert_eq!(create["x-permission"], "test.note.write");
    assert_eq!(create["x-scopes"], serde_json::json!(["all", "units"]));
    let body = &create["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body["$ref"], "#/components/schemas/NewNote");
    let schema = &document["components"]["schemas"]["NewNote"];
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(
        schema["properties"]["body"]["examples"][0],
        "water the plants"
    );
    assert_eq!(schema["required"], serde_json::json!(["body"]));
    for status in [
        "201", "401", "403", "404", "409", "413", "415", "422", "429", "500", "503",
    ] {
        assert!(
            create["responses"].get(status).is_some(),
            "{status} is missing"
        );
    }
    let list = &document["paths"]["/api/v1/tenants/{tenant}/notes"]["get"];
    let names: Vec<&str> = list["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "tenant",
            "starts_with",
            "tag",
            "page_size",
            "page_token",
            "order_by"
        ]
    );
    let public = &document["paths"]["/api/v1/ip"]["get"];
    assert_eq!(public["x-public-reason"], "a test");
    assert_eq!(public["security"], serde_json::json!([]));
}

#[tokio::test]
async fn only_operations_that_keep_it_promise_a_harmless_repeat() {
    let app = App::new().await;
    let document = app.service.table().openapi();
    let mut promised = BTreeSet::new();
    for (_, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            let parameters = operation["parameters"].as_array();
            let key = parameters.into_iter().flatten().any(|parameter| {
                parameter["name"] == "Idempotency-Key" && parameter["required"] == false
            });
            let refused = operation["responses"]["422"]["x-codes"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|code| code == "idempotency_key_reused");
            assert_eq!(key, refused, "{}", operation["operationId"]);
            if key {
                promised.insert(operation["operationId"].as_str().unwrap().to_owned());
            }
        }
    }
    assert_eq!(
        promised,
        ["create_note", "create_public_note"]
            .map(str::to_owned)
            .into()
    );
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    fn walk(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(target)) = map.get("$ref") {
                    found.push(target.clone());
                }
                map.values().for_each(|inner| walk(inner, found));
            }
            Value::Array(items) => items.iter().for_each(|inner| walk(inner, found)),
            _ => {}
        }
    }
    let app = App::new().await;
    let document = app.service.table().openapi();
    let mut found = Vec::new();
    walk(&document, &mut found);
    assert!(found.len() > 10);
    for target in found {
        let place = target.strip_prefix('#').unwrap();
        assert!(document.pointer(place).is_some(), "{target} leads nowhere");
    }
}

#[tokio::test]
async fn the_page_lists_every_operation_without_script() {
    let app = App::new().await;
    let page = app.send(Ask::get("/api/docs")).await;
    let text = String::from_utf8(page.bytes.to_vec()).unwrap();
    for (_, path, id, _) in app.service.table().operations() {
        assert!(text.contains(path) && text.contains(id), "{id} is missing");
    }
    assert!(!text.contains("<script") && !text.contains("style="));
    assert_eq!(
        app.send(Ask::get("/api/docs.css"))
            .await
            .header("content-type"),
        "text/css; charset=utf-8"
    );
}

#[tokio::test]
async fn operations_say_that_they_want_a_version_and_what_follows_without_one() {
    let app = App::new().await;
    let document = app.service.table().openapi();
    let thing = &document["paths"]["/api/v1/things/{thing}"];
    let change = &thing["put"];
    let header = change["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .find(|parameter| parameter["name"] == "If-Match")
        .expect("If-Match");
    assert_eq!(header["in"], "header");
    assert_eq!(header["required"], true);
    for (status, code) in [
        ("412", "version_mismatch"),
        ("422", "if_match_invalid"),
        ("428", "if_match_required"),
    ] {
        let codes = change["responses"][status]["x-codes"].as_array().unwrap();
        assert!(codes.iter().any(|known| known == code), "{status} {code}");
    }
    assert!(thing["get"]["responses"].get("428").is_none());
}

#[tokio::test]
async fn a_handler_that_wants_a_version_must_have_said_so() {
    let app = App::new().await;
    let path = "/api/v1/things/0197f1a2-0000-7000-8000-000000000001";
    let ask = |method| Ask::new(method, path).header("if-match", "\"v7\"");
    assert_eq!(app.send(ask("PUT")).await.status, 200);
    assert_eq!(app.send(ask("PATCH")).await.status, 500);
}

#[tokio::test]
async fn answers_that_are_not_json_are_documented_by_their_media_type() {
    let app = App::new().await;
    let document = app.service.table().openapi();
    let types = |path: &str, status: &str| -> Vec<String> {
        let content = &document["paths"][path]["get"]["responses"][status]["content"];
        let content = content
            .as_object()
            .unwrap_or_else(|| panic!("{path} {status}"));
        content.keys().cloned().collect()
    };
    assert_eq!(types("/api/docs.css", "200"), ["text/css"]);
    assert_eq!(
        types("/errors/{code}", "200"),
        ["application/json", "text/html"]
    );
    assert_eq!(types("/.well-known/security.txt", "200"), ["text/plain"]);
    assert_eq!(
        types("/.well-known/security.txt", "404"),
        ["application/problem+json"]
    );
    // Not ready is told with the same report, and not as a problem.
    assert_eq!(types("/readyz", "200"), ["application/json"]);
    assert_eq!(types("/readyz", "503"), ["application/json"]);
}
