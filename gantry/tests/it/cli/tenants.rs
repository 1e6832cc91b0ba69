//! `gantry tenant` beside a running server: what it does, the server serves.

use gantry_testkit::{Owner, Server, SmtpSim, both_engines};

use super::beside;

both_engines! {
    async fn tenants_are_suspended_closed_and_copied_beside_the_server(engine: Engine) {
        let mail = SmtpSim::start().await;
        let server = Server::start(engine, &mail).await;
        let owner = Owner::ready(&server.client(), &mail, "north").await;
        let (slug, path) = (owner.slug.as_str(), format!("/api/v1/tenants/{}", owner.slug));

        let said = beside(&server, &["tenant", "suspend", slug, "--reason", "not paid"]).ends(0).out;
        assert!(said.contains("  suspended  "), "{said}");
        let said = beside(&server, &["tenant", "resume", slug]).ends(0).out;
        assert!(said.contains("  active  "), "{said}");
        let unknown = beside(&server, &["tenant", "resume", "nobody"]).ends(1);
        assert!(unknown.err.contains("not found"), "{}", unknown.err);

        let said = beside(&server, &["tenant", "migrate", "--all"]).ends(0);
        assert!(said.out.contains("1 tenants, 0 behind, 0 of them failed"), "{}", said.out);
        beside(&server, &["tenant", "migrate", slug]).ends(0);
        beside(&server, &["tenant", "migrate"]).ends(64);

        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("north.copy").display().to_string();
        let said = beside(&server, &["tenant", "export", slug, &copy]).ends(0).out;
        assert!(said.contains(" rows in "), "{said}");
        beside(&server, &["tenant", "export", slug, &copy]).ends(1);
        let nobody = "01987c5e-5d5e-7cc0-8d51-3a4f1f0b5f7e";
        let here = beside(&server, &["tenant", "adopt", &copy, "--owner", nobody]).ends(1);
        assert!(here.err.contains("in this installation already"), "{}", here.err);
        let away = beside(&server, &["tenant", "move", slug, "--to", "nowhere"]).ends(1);
        assert!(away.err.contains("no home called nowhere"), "{}", away.err);
        assert_eq!(beside(&server, &["tenant", "move", slug]).ends(0).out, "no moves\n");

        let said = beside(&server, &["tenant", "delete", slug, "--reason", "asked for"]).ends(0).out;
        assert!(said.contains("  closed  ") && said.contains("is removed after"), "{said}");
        let client = &owner.client;
        gantry_testkit::eventually("the server to know", std::time::Duration::from_secs(30), async || {
            let status = client.get(&path).await.status();
            if status == 404 { Ok(()) } else { Err(status.to_string()) }
        })
        .await;
        beside(&server, &["tenant", "delete", slug, "--cancel"]).ends(0);
        gantry_testkit::eventually("the server to know", std::time::Duration::from_secs(30), async || {
            let status = client.get(&path).await.status();
            if status == 200 { Ok(()) } else { Err(status.to_string()) }
        })
        .await;
    }
}
