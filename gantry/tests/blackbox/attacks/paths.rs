//! Paths and queries that try to lead elsewhere or to break what reads them, on every operation there is.

use gantry_testkit::{Client, Engine, Owner, both_engines};
use reqwest::Method;
use serde_json::{Value, json};

use super::{World, escaped, open_branch, statuses};

/// Values for a path segment, percent-encoded where a client library would tamper with them.
fn segments() -> Vec<String> {
    let raw: [&[u8]; 16] = [
        b"../../../../etc/passwd",
        b"..\\..\\..\\windows\\win.ini",
        b"/etc/passwd",
        b"....//....//etc/passwd",
        b"\0",
        b"a\0b",
        b"\xff\xfe",
        b"\xc0\xae\xc0\xae/",
        b"\xed\xa0\x80",
        b"' or '1'='1",
        b"1; drop table identities; --",
        b"{tenant}",
        b"\r\nSet-Cookie: a=b",
        b"%2e%2e%2f",
        b"<script>alert(1)</script>",
        b"\xe2\x80\xae",
    ];
    let mut all: Vec<String> = raw.iter().map(|bytes| escaped(bytes)).collect();
    all.extend(["..%2f..%2f", "%252e%252e%252f", "~root", "-1", "null", "0"].map(str::to_owned));
    all.push("a".repeat(3_000));
    all
}

/// `(method, path with names in braces, whether it takes a JSON body)` of every operation.
async fn operations(client: &Client) -> Vec<(Method, String, Value)> {
    let document = client.get("/api/openapi.json").await.expect(200).value();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if let Ok(method) = method.to_uppercase().parse::<Method>()
                && operation.get("operationId").is_some()
            {
                all.push((method, path.clone(), operation.clone()));
            }
        }
    }
    assert!(all.len() > 50, "{} operations", all.len());
    all
}

/// The names in braces.
fn names(path: &str) -> Vec<String> {
    let parts = path
        .split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'));
    parts.map(|(name, _)| name.to_owned()).collect()
}

both_engines! {
    async fn no_path_parameter_leads_anywhere_else(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let operator = world.operator("ops@example.com").await;
        let somewhere = "01890000-0000-7000-8000-000000000000";
        for (method, path, operation) in operations(&owner.client).await {
            for name in names(&path) {
                for segment in segments() {
                    let mut address = path.replace(&format!("{{{name}}}"), &segment);
                    for other in names(&path) {
                        let value = if other == "tenant" { owner.slug.as_str() } else { somewhere };
                        address = address.replace(&format!("{{{other}}}"), value);
                    }
                    let caller = if path.contains("/admin/") { &operator } else { &owner.client };
                    let mut call = caller.call(method.clone(), &address).if_match("\"v1\"");
                    if operation.get("requestBody").is_some() {
                        call = call.body("application/json", "{}");
                    }
                    let answer = call.await;
                    assert!((400..500).contains(&answer.status()), "{method} {address}: {answer}");
                    assert!(answer.header("content-type").unwrap().starts_with("application/problem+json"), "{answer}");
                    assert!(answer.header("set-cookie").is_none() && !answer.text().contains("root:"), "{answer}");
                }
            }
        }
        owner.client.get("/api/v1/me").await.expect(200).done();
    }

    async fn no_query_parameter_breaks_its_reader(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        let operator = world.operator("ops@example.com").await;
        let branch = open_branch(&owner, "A").await;
        let upload = owner.path("/spaces/imports?file_name=a.csv");
        let file = "name,phone,branch\nAda Example,9000000001,A\n";
        let import = owner.client.post(&upload).body("text/csv", file).await.expect(201).text_at("/id");
        let values: [&[u8]; 14] = [
            b"\0", b"a\0b", b"\xff", b"\xed\xa0\x80", b"%", b"_", b"\\", b"'", b"\"", b"; drop table students",
            b"{\"a\":1}", b"99999999999999999999", b"-99999999999999999999", b"0001-01-01",
        ];
        for (method, path, operation) in operations(&owner.client).await {
            let address = path.replace("{tenant}", &owner.slug).replace("{branch}", &branch).replace("{import}", &import);
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            for parameter in parameters.iter().filter(|parameter| parameter["in"] == "query") {
                let name = parameter["name"].as_str().unwrap();
                let caller = if path.contains("/admin/") { &operator } else { &owner.client };
                let long = "a".repeat(4_000);
                for value in values.iter().copied().chain([long.as_bytes()]) {
                    let value = escaped(value);
                    let value = if value.len() > 8_000 { long.clone() } else { value };
                    let answer = caller.call(method.clone(), &format!("{address}?{name}={value}")).await;
                    let sound = answer.status() < 500;
                    assert!(sound, "{method} {address}?{name}={value}: {answer}");
                }
                for query in [format!("{name}=1&{name}=2"), format!("{name}[]=1"), format!("{name}=%zz"), "x=1".into()] {
                    let answer = caller.call(method.clone(), &format!("{address}?{query}")).await;
                    assert!(answer.status() < 500, "{method} {address}?{query}: {answer}");
                }
            }
        }
        let students = owner.client.get(&owner.path("/spaces/students")).await.expect(200).value();
        assert_eq!(students["items"], json!([]));
    }
}

#[tokio::test]
async fn dot_segments_and_odd_spellings_of_a_path_reach_nothing() {
    let world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    let bearer = owner.client.bearer().unwrap();
    let slug = &owner.slug;
    for path in [
        "/../../../../etc/passwd".to_owned(),
        "/api/docs/../../../../etc/passwd".to_owned(),
        "/api/docs/..%2f..%2fetc/passwd".to_owned(),
        "/errors/../healthz".to_owned(),
        "/errors/%2e%2e/healthz".to_owned(),
        "/errors/not_found/../../healthz".to_owned(),
        "//healthz".to_owned(),
        "/healthz/".to_owned(),
        "/healthz;x=1".to_owned(),
        "/healthz%00".to_owned(),
        "/HEALTHZ".to_owned(),
        "/%68ealthz".to_owned(),
        "/.well-known/../healthz".to_owned(),
        format!("/api/v1/tenants/{slug}/../{slug}/spaces/branches"),
        format!("/api/v1/tenants/{slug}/./spaces/branches"),
        format!("/api/v1/tenants/{slug}//spaces/branches"),
        format!("/api/v1/tenants/{slug}/spaces/branches/"),
        format!("/api/v1/tenants/{slug}%2fspaces%2fbranches"),
        format!("/api/v1/public/../tenants/{slug}/spaces/branches"),
        "/gantry.toml".to_owned(),
        "/control.sqlite".to_owned(),
        "/.git/config".to_owned(),
        "/.env".to_owned(),
    ] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: gantry\r\nAuthorization: Bearer {bearer}\r\nConnection: close\r\n\r\n"
        );
        let answer = world.raw(request).await;
        assert_eq!(statuses(&answer), [404], "{path}\n{answer}");
    }
}

#[tokio::test]
async fn names_that_look_like_paths_stay_names() {
    let world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    let listing = || {
        let mut files = Vec::new();
        let mut folders = vec![world.server.databases().folder().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path.to_string_lossy().into_owned());
                }
            }
        }
        files
    };
    for slug in [
        "..",
        "../north",
        "a/../../b",
        "a\\b",
        "nul\0l",
        ".hidden",
        "con",
        "a.b",
        "%2e%2e",
    ] {
        let mut body = Owner::new(&world.client(), "south").sign_up_body();
        body["workspace_slug"] = json!(slug);
        let answer = world
            .client()
            .post("/api/v1/auth/sign-ups")
            .json(&body)
            .await;
        if slug == "con" {
            answer.expect(202).done();
        } else {
            answer.problem(422, "invalid_request").done();
        }
    }
    let name = "../../../../tmp/evil.csv\\..\\x";
    let upload = owner.path(&format!(
        "/spaces/imports?file_name={}",
        escaped(name.as_bytes())
    ));
    let import = owner
        .client
        .post(&upload)
        .body("text/csv", "name,phone\n=1+1,x\n")
        .await
        .expect(201)
        .value();
    assert_eq!(import["file_name"], name);
    let path = owner.path(&format!(
        "/spaces/imports/{}/errors.csv",
        import["id"].as_str().unwrap()
    ));
    let answer = owner.client.get(&path).await.expect(200);
    let disposition = answer.header("content-disposition").unwrap();
    assert!(
        disposition.starts_with("attachment;") && !disposition.contains("evil"),
        "{disposition}"
    );
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    for file in listing() {
        assert!(!file.contains("evil") && !file.contains(".."), "{file}");
    }
}
