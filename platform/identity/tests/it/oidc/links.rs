//! Linking and unlinking.

use std::time::Duration;

use gantry_testkit::both_engines;

use super::*;

both_engines! {
    async fn linking_takes_a_fresh_proof_and_ends_in_its_session(engine: Engine) {
        let world = World::new(engine).await;
        let app = &world.app;
        app.owner(WHO, "North Hall").await;
        let (access, _) = app.tokens(WHO).await;
        let (elsewhere, _) = app.tokens(WHO).await;
        let back = world.leave(&world.provider, to_link("sso").bearer(&access)).await;
        let other = app.send(back.ask(LINKS).bearer(&elsewhere)).await;
        assert_eq!(other.code(), "attempt_gone", "it is of one session");
        let back = world.leave(&world.provider, to_link("sso").bearer(&access)).await;
        assert_eq!(world.return_to(app, &back).await.code(), "attempt_gone", "it is no log-in");
        let log_in = world.leave_to_sign_in().await;
        let mixed = app.send(log_in.ask(LINKS).bearer(&access)).await;
        assert_eq!(mixed.code(), "attempt_gone", "and a log-in links nothing");
        assert_eq!(app.audited("identity.link.added").await, 0);
        app.clock.advance(Duration::from_secs(601));
        assert_eq!(app.send(to_link("sso").bearer(&access)).await.code(), "step_up_required");
        assert_eq!(app.send(to_link("sso")).await.status, 401);
    }

    async fn an_account_at_a_provider_belongs_to_one_account(engine: Engine) {
        let world = World::new(engine).await;
        let app = &world.app;
        let (_, access) = world.linked().await;
        let again = world.link(&access, "sso", &world.provider).await;
        assert_eq!((again.status, again.code().as_str()), (409, "link_taken"));
        app.owner("other@example.com", "South Hall").await;
        let (others, _) = app.tokens("other@example.com").await;
        assert_eq!(world.link(&others, "sso", &world.provider).await.code(), "link_taken");
        let own = app.linked_accounts(&access).await;
        assert_eq!(own.len(), 1);
        assert_eq!((&own[0]["issuer"], &own[0]["subject"]), (&json!(world.provider.issuer()), &json!("subject-1")));
        assert!(app.linked_accounts(&others).await.is_empty());
        let path = format!("{LINKS}/{}", own[0]["id"].as_str().unwrap());
        assert_eq!(app.send(Ask::delete(&path).bearer(&others)).await.status, 404);
        let export = app.send(Ask::get("/api/v1/me/export").bearer(&access)).await;
        assert_eq!(export.json["linked_accounts"][0]["subject"], "subject-1");
    }

    /// Whoever took the account at the provider over is out with it.
    async fn unlinking_ends_the_sessions_that_began_by_it(engine: Engine) {
        let world = World::new(engine).await;
        let app = &world.app;
        let (_, access) = world.linked().await;
        let by_provider = world.sign_in().await.text("access_token");
        let link = app.linked_accounts(&access).await[0]["id"].as_str().unwrap().to_owned();
        let path = format!("{LINKS}/{link}");
        assert_eq!(app.send(Ask::delete(&path).bearer(&access)).await.status, 204);
        assert_eq!(app.me(&by_provider).await, 401);
        assert_eq!(app.me(&access).await, 200);
        assert_eq!(world.sign_in().await.code(), "not_linked");
        assert_eq!(app.send(Ask::delete(&path).bearer(&access)).await.status, 404);
        assert_eq!(app.audited("identity.link.removed").await, 1);
        let mail = app.mails(WHO, "identity.factors_changed").await;
        let told: Vec<&Value> = mail.iter().flatten().map(|mail| &mail["what"]).collect();
        assert!(told.contains(&&json!("signing in by 127.0.0.1 was removed")), "{told:?}");
    }

    async fn the_last_way_in_stays(engine: Engine) {
        let world = World::with(engine, true).await;
        let app = &world.app;
        let access = world.sign_in().await.text("access_token");
        let link = app.linked_accounts(&access).await[0]["id"].as_str().unwrap().to_owned();
        let path = format!("{LINKS}/{link}");
        let refused = app.send(Ask::delete(&path).bearer(&access)).await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "last_way_in"));
        assert_eq!(world.sign_in().await.status, 201, "nothing was removed");
        // A second account there is another way in.
        world.provider.has("subject-2");
        assert_eq!(world.link(&access, "sso", &world.provider).await.status, 201);
        assert_eq!(app.send(Ask::delete(&path).bearer(&access)).await.status, 204);
        app.clock.advance(Duration::from_secs(601));
        let other = app.linked_accounts(&access).await[0]["id"].as_str().unwrap().to_owned();
        let stale = app.send(Ask::delete(&format!("{LINKS}/{other}")).bearer(&access)).await;
        assert_eq!(stale.code(), "step_up_required");
    }

    async fn a_closed_account_leaves_no_link(engine: Engine) {
        let world = World::new(engine).await;
        let app = &world.app;
        app.owner("first@example.com", "North Hall").await;
        let (owners, _) = app.tokens("first@example.com").await;
        let slug = app.slug(&owners).await;
        app.invite(&owners, &slug, WHO, json!({ "role": "member" })).await;
        let (access, _) = app.tokens(WHO).await;
        assert_eq!(world.link(&access, "sso", &world.provider).await.status, 201);
        let closed = app.send(Ask::post("/api/v1/me/closure").bearer(&access)).await;
        assert_eq!(closed.status, 204, "{:?}", closed.json);
        assert_eq!(world.sign_in().await.code(), "not_linked");
        assert_eq!(app.count(gantry_db::sql!("select count(*) from oidc_links")).await, 0);
    }
}
