//! Commands that look, and the test mail.

use std::time::Duration;

use gantry_testkit::{Owner, Server, ServerOptions, SmtpSim, both_engines, eventually};

use super::{beside, gantry};

const PATIENCE: Duration = Duration::from_secs(30);

both_engines! {
    async fn tenants_and_jobs_are_listed_beside_the_server_and_without_it(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = Server::start(engine, &mail).await;
        assert_eq!(beside(&server, &["tenant", "ls"]).ends(0).out, "");
        let owner = Owner::ready(&server.client(), &mail, "north").await;
        let look = async |server: &Server| {
            let tenants = beside(server, &["tenant", "ls"]).ends(0).out;
            let line: Vec<&str> = tenants.split_whitespace().take(3).collect();
            assert_eq!(line, [owner.tenant.as_str(), "active", owner.slug.as_str()], "{tenants}");
            assert_eq!(tenants.lines().count(), 1);

            // A mail that was sent is forgotten later, by a job that waits for its time.
            eventually("the job of the mail that was sent", PATIENCE, async || {
                let jobs = beside(server, &["jobs", "ls"]).ends(0).out;
                let told = jobs.lines().any(|line| {
                    let words: Vec<&str> = line.split_whitespace().collect();
                    words == ["1", "queued", "mail.forget"]
                });
                if told { Ok(()) } else { Err(jobs) }
            })
            .await;
            beside(server, &["jobs", "ls", "--tenant", &owner.tenant]).ends(0);
            let reindex = beside(server, &["jobs", "reindex"]).ends(0).out;
            assert!(reindex.starts_with("read 1 tenants, "), "{reindex}");
        };
        look(&server).await;
        server.stop().await;
        look(&server).await;
        let nobody = "01987c5e-5d5e-7cc0-8d51-3a4f1f0b5f7e";
        let unknown = beside(&server, &["jobs", "ls", "--tenant", nobody]);
        assert_ne!(unknown.code, Some(0), "{}", unknown.out);
        assert!(unknown.err.contains(nobody), "{}", unknown.err);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_test_mail_goes_through_the_configured_server() {
    let mail = SmtpSim::start().await;
    let (host, port) = mail.address().rsplit_once(':').unwrap();
    let env = [
        ("GANTRY_MAIL__HOST", host),
        ("GANTRY_MAIL__PORT", port),
        ("GANTRY_MAIL__TLS", "none"),
    ];
    let said = gantry(&["mail", "test", "ada@example.com"], &env).ends(0);
    assert_eq!(
        said.out,
        "the mail server took the mail to ada@example.com\n"
    );
    let patience = Duration::from_secs(10);
    mail.wait_mail("ada@example.com", "", patience).await;

    let nowhere = gantry(&["mail", "test", "ada@example.com"], &[]).ends(1);
    assert!(nowhere.err.starts_with("gantry: "), "{}", nowhere.err);
    let closed = [env[0], ("GANTRY_MAIL__PORT", "1"), env[2]];
    let refused = gantry(&["mail", "test", "ada@example.com"], &closed).ends(1);
    assert!(refused.err.starts_with("gantry: "), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_tells_the_server_that_is_there_from_one_that_is_not() {
    let server = ServerOptions::new(gantry_testkit::Engine::Sqlite)
        .start()
        .await;
    let second = beside(&server, &["serve", "--listen", "127.0.0.1:0"]).ends(78);
    assert!(
        second.err.contains("another gantry server uses"),
        "{}",
        second.err
    );
    assert_eq!(second.err.lines().count(), 1, "{}", second.err);
}
