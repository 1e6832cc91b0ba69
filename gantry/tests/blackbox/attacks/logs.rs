//! Log lines and audit rows that somebody else would like to write.

use gantry_testkit::Engine;
use serde_json::{Value, json};

use super::{World, escaped, open_branch, statuses};

const FORGED: &str = "\n{\"level\":\"INFO\",\"message\":\"forged\"}\r\n\u{1b}[31mforged\u{1b}[0m";

/// Every line after the greeting, which is no log.
fn lines(output: &str) -> Vec<Value> {
    let all = output.lines().filter(|line| !line.is_empty());
    let logs = all.filter(|line| !(line.starts_with("gantry ") || line.starts_with("- ")));
    logs.map(|line| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line:?}"))
    })
    .collect()
}

#[tokio::test]
async fn one_request_is_one_line_that_can_be_read() {
    let world = World::with(Engine::Sqlite, &[("GANTRY_LOG__LEVEL", "debug")]).await;
    let owner = world.owner("north").await;
    let bearer = owner.client.bearer().unwrap();
    let branch = open_branch(&owner, "A").await;
    let evil = escaped(FORGED.as_bytes());

    let text = json!({"name": FORGED, "code": "B", "city": FORGED});
    owner
        .client
        .post(&owner.path("/spaces/branches"))
        .json(&text)
        .await
        .expect(422)
        .done();
    let text = json!({"email": "x@example.com", "role": FORGED});
    owner
        .client
        .post(&owner.path("/identity/invitations"))
        .json(&text)
        .await
        .expect(422)
        .done();
    for path in [
        format!("/{evil}"),
        format!("/errors/{evil}"),
        format!("/api/v1/tenants/{evil}"),
        owner.path(&format!("/spaces/students?q={evil}")),
        owner.path(&format!("/spaces/branches/{branch}?{evil}={evil}")),
    ] {
        owner.client.get(&path).await.done();
    }
    // As the bytes they are: in a method, a header, an id, a path.
    let odd = [
        "GET /healthz HTTP/1.1\r\nHost: gantry\r\nX-Request-ID: a\\nb\"},{\"message\":\"forged\r\nConnection: close\r\n\r\n".to_owned(),
        "GET /nowhere HTTP/1.1\r\nHost: gantry\r\nX-Request-ID: a b\x7f\r\nConnection: close\r\n\r\n".to_owned(),
        "FORGED\"} /nowhere HTTP/1.1\r\nHost: gantry\r\nConnection: close\r\n\r\n".to_owned(),
        "GET /\"},{\"message\":\"forged\" HTTP/1.1\r\nHost: gantry\r\nConnection: close\r\n\r\n".to_owned(),
        "GET /nowhere HTTP/1.1\r\nHost: gantry\r\ntraceparent: 00-\"forged\"-x-01\r\nConnection: close\r\n\r\n".to_owned(),
        format!("GET /api/v1/me HTTP/1.1\r\nHost: gantry\r\nAuthorization: Bearer {bearer}\r\nUser-Agent: \u{9b}31mforged\r\nConnection: close\r\n\r\n"),
        "GET /healthz HTTP/1.1\r\nHost: gantry\r\nUser-Agent: \x1b[31mforged\r\nConnection: close\r\n\r\n".to_owned(),
    ];
    for request in odd {
        let answer = world.raw(request).await;
        assert!(statuses(&answer).iter().all(|code| *code < 500), "{answer}");
    }
    let credentials = json!({"email": owner.email, "password": owner.password});
    let agent = "Agent \"},{\"message\":\"forged\"} \u{e9}";
    world
        .client()
        .post("/api/v1/auth/sessions")
        .header("user-agent", agent)
        .json(&credentials)
        .await
        .expect(201)
        .done();

    for number in 0..5 {
        owner
            .client
            .get("/api/v1/me")
            .header("x-request-id", &format!("counted-{number}"))
            .await
            .expect(200)
            .done();
    }
    let output = world.server.output();
    assert!(
        !output.contains('\u{1b}') && !output.contains('\u{9b}'),
        "a terminal would obey"
    );
    let lines = lines(&output);
    assert!(lines.iter().all(|line| line["message"] != "forged"));
    assert!(lines.iter().all(|line| {
        line["timestamp"]
            .as_str()
            .is_some_and(|at| at.ends_with('Z'))
            && line["level"].is_string()
    }));
    for number in 0..5 {
        let id = json!(format!("counted-{number}"));
        let of_it: Vec<_> = lines
            .iter()
            .filter(|line| line["request_id"] == id && line["message"] == "request")
            .collect();
        assert_eq!(of_it.len(), 1, "{of_it:?}");
        assert_eq!(
            (&of_it[0]["route"], &of_it[0]["status"]),
            (&json!("/api/v1/me"), &json!(200))
        );
    }
    let requests = lines.iter().filter(|line| line["message"] == "request");
    assert!(
        requests.filter(|line| line["route"] == "none").count() >= 3,
        "strange paths have no route"
    );
    // A path, a query or a name is in no line.
    assert!(
        !output.contains("forged") && !output.contains("%1B"),
        "what a stranger sent is in the log"
    );

    let rows = owner
        .client
        .get(&owner.path("/identity/audit?page_size=100"))
        .await
        .expect(200)
        .value();
    for row in rows["items"].as_array().unwrap() {
        let agent = row["user_agent"].as_str().unwrap_or_default();
        assert!(!agent.contains(char::is_control), "{row}");
        let id = row["request_id"].as_str().unwrap_or_default();
        assert!(
            id.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)),
            "{row}"
        );
    }
}
