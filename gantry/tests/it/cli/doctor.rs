//! `gantry doctor` and `gantry healthcheck`.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::Value;

use super::{beside, gantry};

fn findings(text: &str) -> Vec<(String, String, String)> {
    let report: Value = serde_json::from_str(text).unwrap();
    let word = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (word(one, "verdict"), word(one, "check"), word(one, "says")))
        .collect()
}

fn verdicts<'a>(found: &'a [(String, String, String)], check: &str) -> Vec<&'a str> {
    let of = found.iter().filter(|(_, name, _)| name == check);
    of.map(|(verdict, _, _)| verdict.as_str()).collect()
}

#[test]
fn before_the_first_start_nothing_is_wrong_and_nothing_is_made() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let data = data.to_str().unwrap();
    let said = gantry(&["doctor", "--json", "--data", data], &[]).ends(0);
    let found = findings(&said.out);
    assert!(
        found.iter().all(|(verdict, _, _)| verdict != "fail"),
        "{}",
        said.out
    );
    assert_eq!(verdicts(&found, "database"), ["warn"], "{}", said.out);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_configuration_that_cannot_be_used_fails_with_the_key() {
    let said = gantry(&["doctor"], &[("GANTRY_AUDIT__RETENTION", "3d")]).ends(1);
    assert!(
        said.out.starts_with("fail  configuration: "),
        "{}",
        said.out
    );
    assert!(said.out.contains("audit.retention"), "{}", said.out);
    assert!(
        said.out.ends_with("0 ok, 0 to look at, 1 wrong\n"),
        "{}",
        said.out
    );
}

#[test]
fn a_database_or_mail_server_that_is_away_fails() {
    // A port that was just free: nobody listens there.
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("postgres://nobody@{nobody}/gantry");
    let port = nobody.port().to_string();
    let env = [
        ("GANTRY_DATABASE__URL", url.as_str()),
        ("GANTRY_MAIL__HOST", "127.0.0.1"),
        ("GANTRY_MAIL__PORT", port.as_str()),
        ("GANTRY_MAIL__TLS", "none"),
    ];
    let said = gantry(&["doctor", "--json"], &env).ends(1);
    let found = findings(&said.out);
    assert_eq!(verdicts(&found, "database"), ["fail"], "{}", said.out);
    assert_eq!(verdicts(&found, "mail server"), ["fail"], "{}", said.out);
}

gantry_testkit::both_engines! {
    async fn a_server_that_runs_is_found_well(engine: Engine) {
        let mail = gantry_testkit::SmtpSim::start().await;
        let mut server = gantry_testkit::Server::start(engine, &mail).await;
        let address = server.url().trim_start_matches("http://").to_owned();
        server.set_env("GANTRY_SERVER__LISTEN", address.as_str());
        let said = beside(&server, &["doctor", "--json"]).ends(0);
        let found = findings(&said.out);
        for check in ["database", "server", "mail server", "tenants", "migrations", "jobs"] {
            assert_eq!(verdicts(&found, check), ["ok"], "{check}: {}", said.out);
        }
        beside(&server, &["healthcheck"]).ends(0);
        server.kill9();
        beside(&server, &["healthcheck", "--timeout", "1"]).ends(1);
        let said = beside(&server, &["doctor", "--json"]).ends(0);
        assert_eq!(verdicts(&findings(&said.out), "server"), ["warn"], "{}", said.out);
    }
}

#[test]
fn a_health_check_believes_only_a_200() {
    for (answer, code) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 0),
        (
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 12\r\n\r\nnot ready yet",
            1,
        ),
        ("SSH-2.0-OpenSSH\r\n", 1),
        ("", 1),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 1_024];
            let count = stream.read(&mut head).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&head[..count]).into_owned()
        });
        let said = gantry(&["healthcheck", "--address", &address], &[]).ends(code);
        assert_eq!(said.out, "", "{answer}");
        let asked = server.join().unwrap();
        assert!(asked.starts_with("GET /readyz HTTP/1.1\r\n"), "{asked}");
    }
}
