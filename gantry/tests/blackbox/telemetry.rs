//! What operators and their programs learn about a running server, and what they change about its log.

use std::time::Duration;

use gantry_testkit::collector::{Collector, Field, Message, Reply};
use gantry_testkit::{
    Client, Engine, Owner, SecondFactor, Server, ServerOptions, SmtpSim, both_engines, eventually,
};
use rustix::process::Signal;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);
const PASSWORD: &str = "copper-kettle-on-the-hill";
const TOKEN: &str = "collector-token-of-the-test";

async fn operator(server: &Server) -> Client {
    let file = server.databases().folder().join("operator-password");
    std::fs::write(&file, PASSWORD).unwrap();
    let email = "watch@example.com";
    server.command(&[
        "user",
        "create",
        email,
        "--name",
        "On Watch",
        "--operator",
        "--password-file",
        file.to_str().unwrap(),
    ]);
    let body = json!({"email": email, "password": PASSWORD});
    let answer = server
        .client()
        .post("/api/v1/auth/sessions")
        .json(&body)
        .await
        .expect(201);
    let client = server.client().with_bearer(answer.text_at("/access_token"));
    SecondFactor::set_up(&client).await;
    client
}

/// Where the metrics are, as the greeting says.
fn metrics_of(server: &Server) -> String {
    let output = server.output();
    let line = output
        .lines()
        .find_map(|line| line.strip_prefix("- metrics: "));
    line.unwrap_or_else(|| panic!("no address of metrics in\n{output}"))
        .to_owned()
}

/// The value of the only sample with this name and these labels, in this order.
fn sample(text: &str, name: &str) -> f64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value = line.unwrap_or_else(|| panic!("no {name} in\n{text}"));
    value.parse().unwrap()
}

both_engines! {
    async fn collectors_read_counts_by_template_with_a_token(engine: Engine) {
        let mail = SmtpSim::start().await;
        let server = ServerOptions::new(engine)
            .mail(&mail)
            .env("GANTRY_METRICS__LISTEN", "127.0.0.1:0")
            .env("GANTRY_METRICS__TOKEN", TOKEN)
            .start()
            .await;
        let owner = Owner::ready(&server.client(), &mail, "north").await;
        owner.client.get(&owner.path("/spaces/branches")).await.expect(200).done();
        owner.client.get(&owner.path("/spaces/branches")).await.expect(200).done();
        let wrong = json!({"email": owner.email, "password": "not-the-password-at-all"});
        server.client().post("/api/v1/auth/sessions").json(&wrong).await.expect(401).done();

        let place = metrics_of(&server);
        let http = reqwest::Client::new();
        assert_eq!(http.get(&place).send().await.unwrap().status(), 401);
        server.client().get("/metrics").await.expect(404).done();
        let reply = http.get(&place).bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        let kind = reply.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
        let text = reply.text().await.unwrap();

        let branches = "{method=\"GET\",route=\"/api/v1/tenants/{tenant}/spaces/branches\",status_code=\"200\"}";
        assert!((sample(&text, &format!("http_requests_total{branches}")) - 2.0).abs() < 0.1);
        assert!((sample(&text, &format!("http_request_duration_seconds_count{branches}")) - 2.0).abs() < 0.1);
        assert!(sample(&text, "auth_attempts_total{type=\"password\",status=\"success\"}") >= 1.0);
        assert!(sample(&text, "auth_attempts_total{type=\"password\",status=\"failure\"}") >= 1.0);
        assert!(sample(&text, "database_query_duration_seconds_count{operation=\"insert\",table=\"tenants\"}") >= 1.0);
        assert!(sample(&text, "cache_hits_total{cache_type=\"access\"}") >= 1.0);
        assert!(sample(&text, "open_tenants") >= 1.0);
        assert!(sample(&text, "password_hashes_total") >= 2.0);
        assert!(sample(&text, "process_resident_memory_bytes") > 1e6);
        assert!(text.contains("jobs_due ") && text.contains("mail_held "), "{text}");
        for word in [owner.tenant.as_str(), owner.email.as_str(), "north"] {
            assert!(!text.contains(word), "{word} is in the metrics");
        }
    }
}

#[tokio::test]
async fn operators_see_the_last_minutes_and_others_do_not() {
    let mail = SmtpSim::start().await;
    let server = Server::start(Engine::Sqlite, &mail).await;
    let owner = Owner::ready(&server.client(), &mail, "north").await;
    let operator = operator(&server).await;
    let path = "/api/v1/health/metrics";
    server.client().get(path).await.expect(401).done();
    owner
        .client
        .get(path)
        .await
        .problem(403, "permission_missing")
        .done();
    let window = operator.get(path).await.expect(200).value();
    assert_eq!(window["health"], "healthy", "{window}");
    let routes = window["routes"].as_array().unwrap();
    let me = routes.iter().find(|route| route["route"] == path);
    assert_eq!(me.unwrap()["refused"], 2, "{window}");
    assert!(window["http"]["count"].as_u64().unwrap() > 5, "{window}");
    assert!(
        window["database"]["mean_ms"].as_f64().unwrap() > 0.0,
        "{window}"
    );
    assert!(
        window["usage"]["memory_bytes"].as_f64().unwrap() > 1e6,
        "{window}"
    );
    assert!(window["points"].is_array());
}

#[tokio::test]
async fn the_configuration_shows_where_each_value_comes_from_and_no_secret() {
    let mail = SmtpSim::start().await;
    let server = ServerOptions::new(Engine::Sqlite)
        .mail(&mail)
        .env("GANTRY_METRICS__LISTEN", "127.0.0.1:0")
        .env("GANTRY_METRICS__TOKEN", TOKEN)
        .start()
        .await;
    let owner = Owner::ready(&server.client(), &mail, "north").await;
    let operator = operator(&server).await;
    let path = "/api/v1/admin/configuration";
    server.client().get(path).await.expect(401).done();
    owner
        .client
        .get(path)
        .await
        .problem(403, "permission_missing")
        .done();
    let shown = operator.get(path).await.expect(200).value();
    assert!(!shown.to_string().contains(TOKEN), "{shown}");
    let key = |name: &str| {
        let items = shown["items"].as_array().unwrap();
        let found = items.iter().find(|item| item["key"] == name).cloned();
        found.unwrap_or_else(|| panic!("no {name} in {shown}"))
    };
    let token = key("metrics.token");
    assert_eq!(token["value"], "\"***\"");
    assert_eq!(token["secret"], true);
    assert_eq!(token["origin"], "GANTRY_METRICS__TOKEN");
    let listen = key("metrics.listen");
    assert_eq!(listen["value"], "\"127.0.0.1:0\"");
    assert_eq!(listen["origin"], "GANTRY_METRICS__LISTEN");
    let grace = key("tenancy.deletion_grace");
    assert_eq!(grace["origin"], Value::Null);
    assert!(
        grace["value"].is_string() && grace["meaning"].is_string(),
        "{grace}"
    );
    // A secret that nobody set.
    let unset = key("errors.dsn");
    assert_eq!(
        [&unset["value"], &unset["origin"]],
        [&Value::Null, &Value::Null]
    );
}

fn logs(server: &Server, word: &str) -> usize {
    let output = server.output();
    output.lines().filter(|line| line.contains(word)).count()
}

#[tokio::test]
async fn the_level_changes_while_the_server_runs() {
    let mail = SmtpSim::start().await;
    let server = Server::start(Engine::Sqlite, &mail).await;
    let operator = operator(&server).await;
    let path = "/api/v1/admin/log-level";
    let read = operator.get(path).await.expect(200).value();
    assert_eq!(read, json!({"level": "info", "configured": "info"}));

    // Requests to /healthz are logged at debug.
    let quiet = "\"route\":\"/healthz\"";
    server.client().get("/healthz").await.expect(200).done();
    assert_eq!(logs(&server, quiet), 0);
    for wrong in ["loud", "gantry=7", ""] {
        let refused = operator.put(path).json(&json!({"level": wrong})).await;
        refused.expect(422).done();
    }
    let set = operator
        .put(path)
        .json(&json!({"level": "debug"}))
        .await
        .expect(200)
        .value();
    assert_eq!(set, json!({"level": "debug", "configured": "info"}));
    server.client().get("/healthz").await.expect(200).done();
    eventually("a line at debug", PATIENCE, async || {
        if logs(&server, quiet) == 1 {
            Ok(())
        } else {
            Err(server.output())
        }
    })
    .await;
    let reset = operator.delete(path).await.expect(200).value();
    assert_eq!(reset["level"], "info");
    server.client().get("/healthz").await.expect(200).done();
    operator
        .get("/api/v1/me")
        .header("x-request-id", "after-the-reset")
        .await
        .expect(200)
        .done();
    eventually("the line after", PATIENCE, async || {
        if logs(&server, "after-the-reset") == 1 {
            Ok(())
        } else {
            Err(server.output())
        }
    })
    .await;
    assert_eq!(logs(&server, quiet), 1);

    // And by a signal, for whoever has the machine and no session.
    let told = "the level of the log was changed";
    assert_eq!(logs(&server, told), 2);
    for (signal, level) in [
        (Signal::USR1, "\"to\":\"debug\""),
        (Signal::USR2, "\"to\":\"info\""),
    ] {
        let before = logs(&server, level);
        server.signal(signal);
        eventually("the change by a signal", PATIENCE, async || {
            if logs(&server, level) == before + 1 {
                Ok(())
            } else {
                Err(server.output())
            }
        })
        .await;
    }
    let lines: Vec<Value> = server
        .output()
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    assert!(
        lines
            .iter()
            .any(|line| line["message"] == told && line["to"] == "debug")
    );
}

/// Spans by name, of everything a collector has received.
fn spans(collector: &Collector) -> Vec<(String, Message)> {
    let mut all = Vec::new();
    for request in collector.received() {
        let of_scope = Message::read(&request.body).message(1).message(2);
        for span in of_scope.messages(2) {
            all.push((span.text(5), span));
        }
    }
    all
}

#[tokio::test]
async fn a_trace_goes_on_in_the_collector_and_in_the_log() {
    let collector = Collector::start([]).await;
    let mut server = ServerOptions::new(Engine::Sqlite)
        .env(
            "GANTRY_OTLP__ENDPOINT",
            format!("http://{}", collector.address),
        )
        .env("GANTRY_OTLP__SAMPLE", "1.0")
        .start()
        .await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("00-{trace}-b7ad6b7169203331-00");
    let me = server.client().get("/api/v1/me?secret=in-the-query");
    me.header("traceparent", &parent).await.expect(401).done();
    server
        .client()
        .get("/nowhere/asha")
        .await
        .expect(404)
        .done();
    assert_eq!(logs(&server, &format!("\"trace_id\":\"{trace}\"")), 1);
    // What is queued leaves with the end.
    server.stop().await;
    let spans = spans(&collector);
    let (_, span) = spans
        .iter()
        .find(|(name, _)| name == "GET /api/v1/me")
        .unwrap();
    let id = u128::from_str_radix(trace, 16).unwrap();
    assert_eq!(span.bytes(1), id.to_be_bytes());
    assert_eq!(span.bytes(4), 0xb7ad_6b71_6920_3331_u64.to_be_bytes());
    let attributes = span.attributes(9);
    let has = |key: &str, value: &str| attributes.contains(&(key.to_owned(), value.to_owned()));
    assert!(
        has("http.route", "/api/v1/me") && has("http.response.status_code", "401"),
        "{attributes:?}"
    );
    assert!(matches!(span.one(8), Field::Fixed64(end) if *end > 0));
    assert!(
        spans.iter().any(|(name, _)| name == "GET none"),
        "a stranger's path is no name"
    );
    for request in collector.received() {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        assert!(
            !text.contains("in-the-query") && !text.contains("asha"),
            "{text}"
        );
    }
}

/// What a request asks of the databases is below it; an attempt at a job has a trace of its own.
#[tokio::test]
async fn statements_and_jobs_are_in_the_collector() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let collector = Collector::start([]).await;
        let mail = SmtpSim::start().await;
        let mut server = ServerOptions::new(engine)
            .mail(&mail)
            .env(
                "GANTRY_OTLP__ENDPOINT",
                format!("http://{}", collector.address),
            )
            .env("GANTRY_OTLP__SAMPLE", "1.0")
            .env("GANTRY_OTLP__QUEUE", "100000")
            .start()
            .await;
        let owner = Owner::ready(&server.client(), &mail, "north").await;
        crate::steps::open_branch(&owner, "MAIN").await;
        server.stop().await;
        let spans = spans(&collector);
        let named = |wanted: &str| spans.iter().find(|(name, _)| name == wanted);
        let post = "POST /api/v1/tenants/{tenant}/spaces/branches";
        let (_, request) = named(post).expect(post);
        let below = |name: &str, parent: &Message| {
            spans.iter().any(|(known, span)| {
                known == name
                    && span.bytes(1) == parent.bytes(1)
                    && span.bytes(4) == parent.bytes(2)
            })
        };
        // In the tenant's database: a write, which on SQLite runs on another thread.
        assert!(below("insert branches", request), "{engine:?}");
        let (_, job) = named("tenancy.provision").expect("an attempt at a job");
        assert!(
            below("update tenants", job),
            "{engine:?}: what it wrote is below it"
        );
        let attributes = job.attributes(9);
        let done = ("gantry.job.outcome".to_owned(), "done".to_owned());
        assert!(attributes.contains(&done), "{attributes:?}");
        for sent in collector.received() {
            let text = String::from_utf8_lossy(&sent.body).into_owned();
            assert!(
                !text.contains(&owner.email) && !text.contains("MAIN"),
                "{engine:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_collector_that_hangs_and_a_tracker_that_refuses_hold_nothing_up() {
    let collector = Collector::start(std::iter::repeat_n(Reply::Hang, 1_000)).await;
    let tracker = Collector::start(std::iter::repeat_n(
        Reply::Say("500 Internal Server Error\r\n"),
        1_000,
    ))
    .await;
    let mail = SmtpSim::start().await;
    let mut server = ServerOptions::new(Engine::Sqlite)
        .mail(&mail)
        .env(
            "GANTRY_OTLP__ENDPOINT",
            format!("http://{}", collector.address),
        )
        .env("GANTRY_OTLP__SAMPLE", "1.0")
        .env("GANTRY_OTLP__LOGS", "true")
        .env("GANTRY_OTLP__QUEUE", "5")
        .env(
            "GANTRY_ERRORS__DSN",
            format!("http://key@{}/1", tracker.address),
        )
        .env("GANTRY_METRICS__LISTEN", "127.0.0.1:0")
        .start()
        .await;
    let owner = Owner::ready(&server.client(), &mail, "north").await;
    for _ in 0..50 {
        owner.client.get("/api/v1/me").await.expect(200).done();
    }
    let text = reqwest::get(metrics_of(&server))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        sample(
            &text,
            "telemetry_exported_total{signal=\"traces\",outcome=\"dropped\"}"
        ) >= 1.0
    );
    assert!(
        sample(
            &text,
            "telemetry_exported_total{signal=\"logs\",outcome=\"dropped\"}"
        ) >= 1.0
    );
    server.stop().await;
}

#[tokio::test]
async fn a_request_that_fails_is_told_to_the_tracker_without_people() {
    let tracker = Collector::start([]).await;
    let mail = SmtpSim::start().await;
    let mut server = ServerOptions::new(Engine::Sqlite)
        .mail(&mail)
        .env(
            "GANTRY_ERRORS__DSN",
            format!("http://publickey@{}/7", tracker.address),
        )
        .start()
        .await;
    let owner = Owner::ready(&server.client(), &mail, "north").await;
    server.kill9();
    let mut folders = vec![server.data_dir().join("tenants")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                std::fs::write(entry.path(), vec![7_u8; 64 * 1024]).unwrap();
            }
        }
    }
    server.restart().await;
    let path = owner.path("/spaces/branches");
    let refused = owner
        .client
        .get(&path)
        .header("x-request-id", "broken-1")
        .await
        .expect(503);
    refused.done();
    let received = tracker.wait(1).await;
    let texts: Vec<String> = received
        .iter()
        .map(|one| String::from_utf8(one.unpacked()).unwrap())
        .collect();
    let told = texts
        .iter()
        .find(|text| text.contains("\"request failed\""));
    let told = told.unwrap_or_else(|| panic!("{texts:?}"));
    assert!(told.contains("\"request_id\":\"broken-1\""), "{told}");
    assert!(
        told.contains("\"/api/v1/tenants/{tenant}/spaces/branches\""),
        "{told}"
    );
    for text in &texts {
        for word in [owner.email.as_str(), owner.password.as_str(), "publickey"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
}
