//! Headers that pretend to come from a proxy, and names that the server is called by.

use gantry_testkit::{Engine, Owner, ServerOptions, SmtpSim};
use serde_json::{Value, json};

use super::{PATIENCE, World, statuses};

fn forwarded(number: usize) -> [(&'static str, String); 9] {
    let ip = format!("198.51.100.{number}");
    [
        ("x-forwarded-for", ip.clone()),
        ("x-forwarded-for", format!("{ip}, 127.0.0.1")),
        (
            "forwarded",
            format!("for={ip};host=evil.example.com;proto=https"),
        ),
        ("x-real-ip", ip.clone()),
        ("true-client-ip", ip.clone()),
        ("cf-connecting-ip", ip.clone()),
        ("x-client-ip", ip.clone()),
        ("x-originating-ip", ip.clone()),
        ("x-cluster-client-ip", ip),
    ]
}

async fn last_audit_ips(owner: &Owner) -> Vec<Value> {
    let rows = owner
        .client
        .get(&owner.path("/identity/audit?page_size=100"))
        .await
        .expect(200)
        .value();
    rows["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["ip"].clone())
        .collect()
}

#[tokio::test]
async fn a_made_up_address_changes_neither_limits_nor_the_audit_log() {
    let env = [
        ("GANTRY_HTTP__LIMITS__OFF", "false"),
        ("GANTRY_HTTP__LIMITS__SIGN_UP", "3/1h"),
        ("GANTRY_IDENTITY__FAILED_LOG_IN_PER_ADDRESS", "4/15m"),
    ];
    let world = World::with(Engine::Sqlite, &env).await;
    let owner = world.owner("north").await;
    let mut seen = Vec::new();
    for (number, (name, value)) in forwarded(7).into_iter().enumerate() {
        let body = Owner::new(&world.client(), &format!("person-{number}")).sign_up_body();
        let answer = world
            .client()
            .post("/api/v1/auth/sign-ups")
            .header(name, &value)
            .json(&body)
            .await;
        seen.push(answer.status());
    }
    assert_eq!(seen, [202, 202, 429, 429, 429, 429, 429, 429, 429]);
    let mut seen = Vec::new();
    for (number, (name, value)) in forwarded(8).into_iter().enumerate() {
        let body = json!({"email": format!("person-{number}@example.com"), "password": "not-the-password"});
        seen.push(
            world
                .client()
                .post("/api/v1/auth/sessions")
                .header(name, &value)
                .json(&body)
                .await
                .status(),
        );
    }
    assert_eq!(seen, [401, 401, 401, 401, 429, 429, 429, 429, 429]);

    for (name, value) in forwarded(9) {
        let body = json!({"code": format!("B{}", value.len()), "name": name});
        owner
            .client
            .post(&owner.path("/spaces/branches"))
            .header(name, &value)
            .json(&body)
            .await
            .done();
    }
    let ips = last_audit_ips(&owner).await;
    assert!(
        ips.iter().all(|ip| ip.is_null() || *ip == "127.0.0.1")
            && ips.contains(&json!("127.0.0.1")),
        "{ips:?}"
    );
    let sessions = owner
        .client
        .get("/api/v1/me/sessions")
        .header("x-forwarded-for", "198.51.100.9")
        .await
        .expect(200);
    assert_eq!(sessions.value()["items"][0]["ip"], "127.0.0.1");
    assert!(
        !world.server.output().contains("198.51.100."),
        "a made-up address is in the log"
    );
}

#[tokio::test]
async fn behind_a_proxy_only_what_the_proxy_wrote_counts() {
    let mail = SmtpSim::start().await;
    let server = ServerOptions::new(Engine::Sqlite)
        .mail(&mail)
        .env("GANTRY_SERVER__BEHIND_PROXY", "true")
        .env("GANTRY_SERVER__PUBLIC_URL", "https://gantry.example.com")
        .env("GANTRY_SERVER__TRUSTED_PROXIES", "127.0.0.1")
        .env("GANTRY_HTTP__LIMITS__SIGN_UP", "2/1h")
        .start()
        .await;
    let sign_up = async |number: usize, forwarded: &str| {
        let body = Owner::new(&server.client(), &format!("person-{number}")).sign_up_body();
        let call = server
            .client()
            .post("/api/v1/auth/sign-ups")
            .header("x-forwarded-for", forwarded);
        call.json(&body).await.status()
    };
    // The proxy adds the real address on the right; everything before it is the client's own invention.
    let mut seen = Vec::new();
    let shapes = [
        "203.0.113.5",
        "198.51.100.1, 203.0.113.5",
        "203.0.113.5, 203.0.113.5",
        "127.0.0.1, 203.0.113.5",
        "198.51.100.2,203.0.113.5, 127.0.0.1",
        "junk, 203.0.113.5",
        "::ffff:203.0.113.5",
        "203.0.113.5:4711",
    ];
    for (number, forwarded) in shapes.into_iter().enumerate() {
        seen.push(sign_up(number, forwarded).await);
    }
    assert_eq!(seen, [202, 202, 429, 429, 429, 429, 429, 429]);
    assert_eq!(
        sign_up(20, "203.0.113.6").await,
        202,
        "a neighbour has limits of their own"
    );
}

#[tokio::test]
async fn links_and_addresses_are_built_from_the_configured_address_only() {
    let world = World::open(Engine::Sqlite).await;
    let own = world.server.url();
    let targets = [
        "/api/v1/auth/sign-ups".to_owned(),
        "http://evil.example.com/api/v1/auth/sign-ups".to_owned(),
    ];
    let lies = "X-Forwarded-Host: evil.example.com\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 666\r\n\
                X-Forwarded-Server: evil.example.com\r\nX-Original-URL: http://evil.example.com/\r\n\
                X-Rewrite-URL: /healthz\r\nForwarded: host=evil.example.com;proto=https\r\nX-Host: evil.example.com\r\n\
                Referer: http://evil.example.com/\r\n";
    for (number, target) in targets.iter().enumerate() {
        for host in [
            "evil.example.com",
            "evil.example.com:80",
            "localhost@evil.example.com",
        ] {
            let owner = Owner::new(&world.client(), &format!("person-{number}-{}", host.len()));
            let body = owner.sign_up_body().to_string();
            let request = format!(
                "POST {target} HTTP/1.1\r\nHost: {host}\r\n{lies}Content-Type: application/json\r\nConnection: close\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let answer = world.raw(request).await;
            assert_eq!(statuses(&answer), [202], "{answer}");
            assert!(!answer.contains("evil"), "{answer}");
            let sent = world.mail.wait_mail(&owner.email, "", PATIENCE).await;
            assert!(
                !sent.links.is_empty() && sent.links.iter().all(|link| link.starts_with(&own)),
                "{:?}",
                sent.links
            );
            assert!(
                !sent.text.contains("evil") && !sent.html.contains("evil"),
                "{}",
                sent.text
            );
        }
    }
    let owner = world.owner("north").await;
    let reset = world
        .client()
        .post("/api/v1/auth/password-resets")
        .header("x-forwarded-host", "evil.example.com");
    reset
        .json(&json!({"email": owner.email}))
        .await
        .expect(202)
        .done();
    let sent = world
        .mail
        .wait_mail(&owner.email, "password", PATIENCE)
        .await;
    assert!(
        sent.links.iter().all(|link| link.starts_with(&own)),
        "{:?}",
        sent.links
    );
    let made = owner
        .client
        .post(&owner.path("/spaces/branches"))
        .header("x-forwarded-host", "evil.example.com");
    let made = made
        .json(&json!({"code": "A", "name": "A"}))
        .await
        .expect(201);
    assert!(made.location().starts_with("/api/v1/tenants/"), "{made}");
}

#[tokio::test]
async fn nothing_redirects() {
    let world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    let document = owner
        .client
        .get("/api/openapi.json")
        .await
        .expect(200)
        .value();
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item
            .as_object()
            .unwrap()
            .values()
            .filter(|operation| operation.get("responses").is_some())
        {
            let codes = operation["responses"].as_object().unwrap().keys();
            let redirects: Vec<_> = codes
                .filter(|code| code.starts_with('3') && *code != "304")
                .collect();
            assert!(redirects.is_empty(), "{path}: {redirects:?}");
        }
        // A stream would go on; what it begins with tells as much.
        let streams = item["get"]["responses"]["200"]["content"]["text/event-stream"].is_object();
        let end = if streams { "&follow=false" } else { "" };
        let path = path
            .replace("{tenant}", &owner.slug)
            .replace("{code}", "not_found");
        for query in [
            "",
            "next=https://evil.example.com",
            "redirect_uri=//evil.example.com",
            "return_to=/\\evil.example.com",
        ] {
            for accept in ["*/*", "text/html"] {
                let answer = owner
                    .client
                    .get(&format!("{path}?{query}{end}"))
                    .header("accept", accept)
                    .await;
                assert!(!(300..400).contains(&answer.status()), "{answer}");
                let location = answer.header("location").unwrap_or_default();
                assert!(
                    !location.contains("evil") && answer.header("refresh").is_none(),
                    "{answer}"
                );
            }
        }
    }
    for path in [
        "//evil.example.com",
        "//evil.example.com/%2f..",
        "/\\evil.example.com",
        "/%5cevil.example.com",
        "/https:/evil.example.com",
    ] {
        let answer = world
            .raw(format!(
                "GET {path} HTTP/1.1\r\nHost: gantry\r\nConnection: close\r\n\r\n"
            ))
            .await;
        assert_eq!(statuses(&answer), [404], "{answer}");
        assert!(!answer.to_lowercase().contains("\r\nlocation:"), "{answer}");
    }
}
