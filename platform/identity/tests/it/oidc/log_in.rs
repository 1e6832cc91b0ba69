//! Who is signed in, and who is not.

use std::time::Duration;

use gantry_testkit::both_engines;
use gantry_testkit::openid::{DISCOVERY, Fault, Signing, TOKEN};
use serde_json::json;

use super::*;
use crate::factors::claims;

both_engines! {
    /// The address is the same and confirmed; that is no proof that the person is.
    async fn an_account_is_never_found_by_its_address(engine: Engine) {
        let world = World::new(engine).await;
        let app = &world.app;
        app.owner(WHO, "North Hall").await;
        let unknown = world.sign_in().await;
        assert_eq!((unknown.status, unknown.code().as_str()), (403, "not_linked"));
        world.provider.change(|behaviour| "nobody@example.com".clone_into(&mut behaviour.email));
        let nobody = world.sign_in().await;
        assert_eq!(nobody.visible(), unknown.visible(), "it does not tell whose addresses have accounts");

        world.provider.has("subject-1");
        let (access, _) = app.tokens(WHO).await;
        let linked = world.link(&access, "sso", &world.provider).await;
        assert_eq!(linked.status, 201, "{:?}", linked.json);
        assert_eq!(app.audited("identity.link.added").await, 1);
        let mail = app.mails(WHO, "identity.factors_changed").await;
        assert_eq!(mail[0].as_ref().unwrap()["what"], "signing in by 127.0.0.1 was added");

        // Another address there, the same person.
        world.provider.change(|behaviour| "moved@example.com".clone_into(&mut behaviour.email));
        let signed_in = world.sign_in().await;
        assert_eq!(signed_in.status, 201, "{:?}", signed_in.json);
        let access = signed_in.text("access_token");
        assert_eq!(claims(&access)["amr"], json!(["fed"]));
        assert_eq!(app.me(&access).await, 200);
        assert!(signed_in.json.get("device_token").is_none(), "it would be another series of guesses");
        assert_eq!(attempt(&signed_in).as_deref(), Some(""), "the browser forgets it");
        assert!(app.linked_accounts(&access).await[0]["last_used_at"].is_string());
        // Another person there with this address is another person.
        world.provider.has("subject-2");
        assert_eq!(world.sign_in().await.code(), "not_linked");
    }

    async fn a_browser_gets_a_cookie(engine: Engine) {
        let world = World::new(engine).await;
        world.linked().await;
        let ask = Ask::post("/api/v1/auth/providers/sso/attempts").json(json!({ "mode": "cookie" }));
        let back = world.leave(&world.provider, ask).await;
        let signed_in = world.return_to(&world.app, &back).await;
        assert_eq!(signed_in.status, 201, "{:?}", signed_in.json);
        let session = signed_in.cookie().unwrap();
        assert_eq!(world.app.send(Ask::get("/api/v1/me").cookie(&session)).await.status, 200);
        assert!(signed_in.json.get("access_token").is_none());
        assert!(signed_in.device().is_none());
    }

    /// What came back is good once, for ten minutes, in the browser that left.
    async fn a_sign_in_is_completed_once_where_it_began(engine: Engine) {
        let world = World::new(engine).await;
        world.linked().await;
        let (mine, theirs) = (world.leave_to_sign_in().await, world.leave_to_sign_in().await);
        let gone = |answer: Answer| assert_eq!((answer.status, answer.code().as_str()), (410, "attempt_gone"));
        // Somebody else's code and state in my browser, which would sign me in as them.
        let swapped = Back { visit: theirs.visit.clone(), cookie: mine.cookie.clone() };
        gone(world.return_to(&world.app, &swapped).await);
        gone(world.app.send(Ask::post(COMPLETE).json(theirs.visit.json())).await);
        let odd = Back { cookie: "x".to_owned(), ..theirs.clone() };
        gone(world.return_to(&world.app, &odd).await);
        // My state with their code: the verifier and the nonce are mine.
        let mut visit = mine.visit.clone();
        visit.code.clone_from(&theirs.visit.code);
        let mixed = world.return_to(&world.app, &Back { visit, ..mine.clone() }).await;
        assert_eq!((mixed.status, mixed.code().as_str()), (403, "provider_refused"));
        gone(world.return_to(&world.app, &mine).await);
        // The others' attempts did not use it up, but its code was shown to the provider by now.
        assert_eq!(world.return_to(&world.app, &theirs).await.code(), "provider_refused");

        let back = world.leave_to_sign_in().await;
        assert_eq!(world.return_to(&world.app, &back).await.status, 201);
        gone(world.return_to(&world.app, &back).await);
        let late = world.leave_to_sign_in().await;
        world.app.clock.advance(Duration::from_mins(10));
        gone(world.return_to(&world.app, &late).await);
        assert_eq!(world.app.count(gantry_db::sql!("select count(*) from oidc_attempts")).await, 1);
        // The schedule begins with the first look.
        world.app.work().await;
        world.app.clock.advance(Duration::from_hours(2));
        world.app.work().await;
        assert_eq!(world.app.count(gantry_db::sql!("select count(*) from oidc_attempts")).await, 0);
    }

    /// Begun at one process, completed at another; and of two at once one is.
    async fn processes_share_what_is_begun(engine: Engine) {
        let world = World::new(engine).await;
        world.linked().await;
        let other = world.beside();
        let back = world.leave_to_sign_in().await;
        let (here, there) = futures_util::future::join(
            world.return_to(&world.app, &back),
            world.return_to(&other, &back),
        ).await;
        let mut statuses = [here.status, there.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 410]);
        let back = world.leave_to_sign_in().await;
        assert_eq!(world.return_to(&other, &back).await.status, 201);
    }

    async fn a_second_factor_is_asked_for_all_the_same(engine: Engine) {
        let world = World::new(engine).await;
        let app = &world.app;
        world.linked().await;
        let who = app.guard(WHO).await;
        let half = world.sign_in().await;
        assert_eq!((half.status, &half.json["next"]), (202, &json!("second_factor")));
        assert!(half.json.get("access_token").is_none());
        let wrong = app.complete(who.wrong(app), &half.text("challenge")).await;
        assert_eq!(wrong.code(), "second_factor_wrong");
        let whole = app.complete(who.code(app, 0), &half.text("challenge")).await;
        assert_eq!(whole.status, 201, "{:?}", whole.json);
        assert_eq!(claims(&whole.text("access_token"))["amr"], json!(["fed", "otp", "mfa"]));
        assert!(whole.json.get("device_token").is_none() && whole.device().is_none());
    }

    async fn suspended_people_are_refused(engine: Engine) {
        let world = World::new(engine).await;
        let app = &world.app;
        let (_, person) = app.owner(WHO, "North Hall").await;
        let (access, _) = app.tokens(WHO).await;
        assert_eq!(world.link(&access, "sso", &world.provider).await.status, 201);
        let (_, staff) = app.operator("staff@example.com").await;
        let path = format!("/api/v1/admin/people/{person}/suspension");
        let body = json!({ "reason": "left the company" });
        let suspended = app.send(Ask::put(&path).bearer(&staff).json(body)).await;
        assert!(suspended.status < 300, "{:?}", suspended.json);
        let refused = world.sign_in().await;
        assert_eq!((refused.status, refused.code().as_str()), (403, "not_linked"));
    }

    /// A lock is about guesses at the password; it is neither lifted nor gone around.
    async fn a_lock_of_the_password_stays(engine: Engine) {
        let world = World::new(engine).await;
        let app = &world.app;
        world.linked().await;
        for _ in 0..5 {
            app.log_in(WHO, "a wrong password").await;
        }
        assert_eq!(app.log_in(WHO, PASSWORD).await.code(), "account_locked");
        assert_eq!(world.sign_in().await.status, 201);
        assert_eq!(app.log_in(WHO, PASSWORD).await.code(), "account_locked");
    }

    async fn what_does_not_hold_signs_nobody_in(engine: Engine) {
        let world = World::new(engine).await;
        world.linked().await;
        let started = world.app.audited("identity.session.started").await;
        world.provider.change(|behaviour| behaviour.signing = Signing::None);
        assert_eq!(world.sign_in().await.code(), "provider_refused");
        world.provider.has("subject-1");
        world.provider.change(|behaviour| behaviour.claims = json!({ "nonce": "another" }));
        assert_eq!(world.sign_in().await.code(), "provider_refused");
        world.provider.has("subject-1");
        world.provider.change(|behaviour| { behaviour.faults.insert(TOKEN, Fault::Status(500)); });
        assert_eq!(world.sign_in().await.code(), "provider_refused");
        world.provider.has("subject-1");
        world.provider.change(|behaviour| { behaviour.faults.insert(DISCOVERY, Fault::Page); });
        world.app.clock.advance(Duration::from_secs(3_601));
        let down = world.app.send(to_sign_in("sso")).await;
        assert_eq!((down.status, down.code().as_str()), (503, "provider_unavailable"));
        assert!(down.retry_after() > 0);
        assert_eq!(world.app.audited("identity.session.started").await, started);
        for unknown in ["nobody", "01987c5e-5d5e-7cc0-8d51-000000000000"] {
            assert_eq!(world.app.send(to_sign_in(unknown)).await.status, 404);
        }
    }

    async fn a_trusted_provider_brings_new_people(engine: Engine) {
        let world = World::with(engine, true).await;
        let app = &world.app;
        for unproven in [json!(false), json!("true"), json!(null)] {
            let claims = json!({ "email_verified": unproven });
            world.provider.change(|behaviour| behaviour.claims = claims);
            assert_eq!(world.sign_in().await.code(), "not_linked", "{unproven}");
        }
        world.provider.has("subject-1");
        // Somebody else asked for the address before, and never saw its mail.
        assert_eq!(app.sign_up(WHO, "Their Hall").await.status, 202);
        let theirs = app.token(WHO).await;
        let signed_in = world.sign_in().await;
        assert_eq!(signed_in.status, 201, "{:?}", signed_in.json);
        let access = signed_in.text("access_token");
        let me = app.send(Ask::get("/api/v1/me").bearer(&access)).await;
        assert_eq!((&me.json["email"], &me.json["name"]), (&json!(WHO), &json!("Person At Provider")));
        assert_eq!(app.audited("identity.account.created").await, 1);
        assert_eq!(app.verify(&theirs).await.code(), "link_gone");
        assert_eq!(app.log_in(WHO, PASSWORD).await.code(), "invalid_credentials");
        assert_eq!(world.sign_in().await.status, 201, "and again");
        assert_eq!(app.audited("identity.account.created").await, 1);
        // Another account there, with the same confirmed address.
        world.provider.has("subject-2");
        let other = world.sign_in().await;
        assert_eq!((other.status, other.code().as_str()), (409, "link_first"));
    }

    async fn a_log_in_page_lists_what_it_offers(engine: Engine) {
        let world = World::new(engine).await;
        let listed = world.app.send(Ask::get("/api/v1/auth/providers")).await;
        let items = json!([{ "key": "sso", "name": "Example SSO", "workspace_only": false }]);
        assert_eq!((listed.status, &listed.json["items"]), (200, &items));
    }
}
