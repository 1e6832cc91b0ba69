//! The README's tour, as it stands there: its shell blocks, run against the real programs.

use std::process::Command;

use gantry_testkit::{Engine, Server, SmtpSim};
use serde_json::json;

const README: &str = include_str!("../../../README.md");

/// The text of all `sh` blocks, in order.
fn shell_blocks() -> String {
    let mut blocks = String::new();
    let mut inside = false;
    for line in README.lines() {
        match (inside, line) {
            (false, "```sh") => inside = true,
            (true, "```") => inside = false,
            (true, line) => {
                blocks.push_str(line);
                blocks.push('\n');
            }
            (false, _) => {}
        }
    }
    blocks
}

#[test]
fn the_readme_tour_works_as_written() {
    gantry_testkit::engines::block_on(async {
        let mail = SmtpSim::start().await;
        let mut server = Server::start(Engine::Sqlite, &mail).await;
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &shell_blocks()])
            .current_dir("..")
            .env("GANTRY", server.url())
            .env("INBOX", mail.url())
            .output()
            .expect("the tour needs bash and curl");
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
        for part in [
            "check_your_mail",
            "\"state\":\"active\"",
            "\"column\",\"problem\",\"fix\"",
            "Aarav",
        ] {
            assert!(out.contains(part), "no {part} in\n{out}");
        }

        let owner = server.client();
        let credentials =
            json!({"email": "owner@example.com", "password": "quiet-harbour-lantern"});
        let session = owner
            .post("/api/v1/auth/sessions")
            .json(&credentials)
            .await
            .expect(201);
        let owner = owner.with_bearer(session.text_at("/access_token"));
        let tenant = "/api/v1/tenants/north-hall";
        let import = owner
            .get(&format!("{tenant}/spaces/imports"))
            .await
            .expect(200)
            .value();
        assert_eq!(import["items"][0]["accepted_rows"], 963);
        let invitations = owner
            .get(&format!("{tenant}/identity/invitations"))
            .await
            .expect(200)
            .value();
        assert_eq!(invitations["items"][0]["email"], "desk@example.com");
        server.stop().await;
    });
}
