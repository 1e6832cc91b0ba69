//! A workspace's own provider, which its owner may well have made to lie.

use gantry_testkit::both_engines;

use super::*;

/// A workspace with a provider of its own, and a linked member, who is also an operator's and another workspace's.
struct Own {
    world: World,
    idp: OpenIdProvider,
    slug: String,
    elsewhere: String,
    provider: String,
    owners: String,
}

impl Own {
    async fn new(engine: Engine) -> Self {
        let world = World::new(engine).await;
        let app = &world.app;
        let idp = OpenIdProvider::start(&app.kernel).await;
        app.owner("evil@example.com", "North Hall").await;
        let (owners, _) = app.tokens("evil@example.com").await;
        let slug = app.slug(&owners).await;
        app.owner(WHO, "South Hall").await;
        let (access, _) = app.tokens(WHO).await;
        let elsewhere = app.slug(&access).await;
        let path = format!("/api/v1/tenants/{slug}/identity/invitations");
        let body = json!({ "email": WHO, "role": "admin" });
        assert_eq!(
            app.send(Ask::post(&path).bearer(&owners).json(body))
                .await
                .status,
            201
        );
        let token = app.token(WHO).await;
        let accept = Ask::post("/api/v1/me/invitations/accept").bearer(&access);
        let accepted = app.send(accept.json(json!({ "token": token }))).await;
        assert_eq!(accepted.status, 200, "{:?}", accepted.json);
        let made = app.send(settings::new(&slug, &idp).bearer(&owners)).await;
        assert_eq!(made.status, 201, "{:?}", made.json);
        let provider = made.text("id");
        let linked = world.link(&access, &provider, &idp).await;
        assert_eq!(linked.status, 201, "{:?}", linked.json);
        Self {
            world,
            idp,
            slug,
            elsewhere,
            provider,
            owners,
        }
    }

    async fn sign_in(&self) -> Answer {
        let back = self
            .world
            .leave(&self.idp, to_sign_in(&self.provider))
            .await;
        self.world.return_to(&self.world.app, &back).await
    }
}

fn members(slug: &str) -> Ask {
    Ask::get(&format!("/api/v1/tenants/{slug}/identity/members"))
}

both_engines! {
    /// Its owner can be anybody there, and there only.
    async fn its_word_opens_its_workspace_and_nothing_else(engine: Engine) {
        let own = Own::new(engine).await;
        let app = &own.world.app;
        let (tokens, _) = app.tokens(WHO).await;
        let person = app.send(Ask::get("/api/v1/me").bearer(&tokens)).await.text("identity");
        app.control.write({
            let person: gantry_kernel::IdentityId = person.parse().unwrap();
            async move |tx| tx.execute(
                gantry_db::sql!("insert into platform_grants (identity_id, role, created_at) values ($1, 'operator', 0)"),
                &gantry_db::args![person],
            ).await
        }).await.unwrap();
        let signed_in = own.sign_in().await;
        assert_eq!(signed_in.status, 201, "{:?}", signed_in.json);
        let access = signed_in.text("access_token");
        assert_eq!(app.send(members(&own.slug).bearer(&access)).await.status, 200);
        assert_eq!(app.send(members(&own.elsewhere).bearer(&access)).await.status, 404);
        let me = app.send(Ask::get("/api/v1/me").bearer(&access)).await.json;
        assert_eq!(me["memberships"].as_array().unwrap().len(), 1, "{me:?}");
        assert_eq!(me["memberships"][0]["slug"], json!(own.slug));
        assert_eq!(me["only_workspace"], me["memberships"][0]["tenant"]);
        assert_eq!(me["platform_permissions"], json!([]));
        for ask in [
            Ask::get("/api/v1/me/sessions"),
            Ask::delete("/api/v1/me/sessions"),
            Ask::get("/api/v1/me/export"),
            Ask::get(LINKS),
            to_link("sso"),
            Ask::post("/api/v1/me/totp"),
            Ask::post("/api/v1/me/closure"),
            Ask::post("/api/v1/me/email-changes").json(json!({ "email": "thief@example.com" })),
            Ask::put("/api/v1/me/password").json(json!({ "current_password": "x", "new_password": "y" })),
            Ask::delete(&format!("/api/v1/me/memberships/{}", own.elsewhere)),
            Ask::get("/api/v1/admin/people"),
        ] {
            let answer = app.send(ask.bearer(&access)).await;
            assert_eq!((answer.status, answer.code().as_str()), (403, "workspace_session"));
        }
        let refreshed = app.send(Ask::post("/api/v1/auth/tokens/refresh")
            .json(json!({ "refresh_token": signed_in.text("refresh_token") }))).await;
        let access = refreshed.text("access_token");
        assert_eq!(app.send(members(&own.elsewhere).bearer(&access)).await.status, 404, "also later");
        assert_eq!(app.send(Ask::delete("/api/v1/auth/session").bearer(&access)).await.status, 204);
    }

    /// What is sensitive takes a proof of the account, and guesses at that are a stranger's.
    async fn its_word_is_no_proof_of_the_account(engine: Engine) {
        let own = Own::new(engine).await;
        let app = &own.world.app;
        let access = own.sign_in().await.text("access_token");
        let service = Ask::post(&format!("/api/v1/tenants/{}/identity/service-accounts", own.slug))
            .json(json!({ "name": "program", "grants": [] }));
        assert_eq!(app.send(service.bearer(&access)).await.code(), "step_up_required");
        for _ in 0..5 {
            let access = own.sign_in().await.text("access_token");
            let guess = json!({ "password": "a wrong password" });
            assert_eq!(app.post("/api/v1/me/step-up", &access, guess).await.status, 422);
        }
        let access = own.sign_in().await.text("access_token");
        let right = json!({ "password": PASSWORD });
        let locked = app.post("/api/v1/me/step-up", &access, right.clone()).await;
        assert_eq!(locked.code(), "account_locked", "a new session is no new series of guesses");
        app.pass(61);
        assert_eq!(app.post("/api/v1/me/step-up", &access, right).await.status, 200);
        let service = Ask::post(&format!("/api/v1/tenants/{}/identity/service-accounts", own.slug))
            .json(json!({ "name": "program", "grants": [] }));
        assert_eq!(app.send(service.bearer(&access)).await.status, 201);
        assert_eq!(app.send(Ask::get(LINKS).bearer(&access)).await.code(), "workspace_session");
    }

    async fn a_second_factor_does_not_widen_it(engine: Engine) {
        let own = Own::new(engine).await;
        let app = &own.world.app;
        let who = app.guard(WHO).await;
        let half = own.sign_in().await;
        assert_eq!(half.status, 202);
        let whole = app.complete(who.code(app, 0), &half.text("challenge")).await;
        assert_eq!(whole.status, 201, "{:?}", whole.json);
        assert!(whole.json.get("device_token").is_none());
        let access = whole.text("access_token");
        assert_eq!(app.send(members(&own.slug).bearer(&access)).await.status, 200);
        assert_eq!(app.send(members(&own.elsewhere).bearer(&access)).await.status, 404);
    }

    /// It never makes accounts, never confirms addresses, and does not learn who has an account.
    async fn it_knows_members_who_linked_it_and_nobody_else(engine: Engine) {
        let own = Own::new(engine).await;
        let app = &own.world.app;
        let mut answers = Vec::new();
        for (subject, email) in [("new", WHO), ("new", "evil@example.com"), ("new", "nobody@example.com")] {
            own.idp.has(subject);
            own.idp.change(|behaviour| email.clone_into(&mut behaviour.email));
            answers.push(own.sign_in().await.visible());
        }
        assert_eq!(answers[0].0, 403);
        assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
        // A stranger cannot link it, a linked person who left cannot use it.
        app.owner("stranger@example.com", "West Hall").await;
        let (stranger, _) = app.tokens("stranger@example.com").await;
        assert_eq!(app.send(to_link(&own.provider).bearer(&stranger)).await.status, 404);
        own.idp.has("subject-1");
        assert_eq!(own.sign_in().await.status, 201);
        let (access, _) = app.tokens(WHO).await;
        let leave = Ask::delete(&format!("/api/v1/me/memberships/{}", own.slug));
        assert_eq!(app.send(leave.bearer(&access)).await.status, 204);
        let left = own.sign_in().await;
        assert_eq!((left.visible().0, left.code().as_str()), (403, "not_linked"));
    }

    /// The same issuer and subject, said to the installation or to another workspace.
    async fn its_links_count_for_it_alone(engine: Engine) {
        let own = Own::new(engine).await;
        let (world, app) = (&own.world, &own.world.app);
        let (others, _) = app.tokens(WHO).await;
        let made = app.send(settings::new(&own.elsewhere, &own.idp).bearer(&others)).await;
        assert_eq!(made.status, 201, "{:?}", made.json);
        let back = world.leave(&own.idp, to_sign_in(&made.text("id"))).await;
        assert_eq!(world.return_to(app, &back).await.code(), "not_linked");
        // And a link to the installation's provider does not open by the workspace's.
        let (evil, _) = app.tokens("evil@example.com").await;
        assert_eq!(world.link(&evil, "sso", &world.provider).await.status, 201);
        let same = app.send(settings::new(&own.slug, &world.provider).bearer(&evil)).await;
        assert_eq!(same.status, 201, "{:?}", same.json);
        let back = world.leave(&world.provider, to_sign_in(&same.text("id"))).await;
        assert_eq!(world.return_to(app, &back).await.code(), "not_linked");
    }

    async fn switched_off_or_removed_it_ends_what_it_began(engine: Engine) {
        let own = Own::new(engine).await;
        let app = &own.world.app;
        let path = format!("/api/v1/tenants/{}/identity/providers/{}", own.slug, own.provider);
        let access = own.sign_in().await.text("access_token");
        let back = own.world.leave(&own.idp, to_sign_in(&own.provider)).await;
        let off = settings::change(false);
        let changed = app.send(Ask::put(&path).bearer(&own.owners).header("if-match", "\"v1\"").json(off)).await;
        assert_eq!(changed.status, 200, "{:?}", changed.json);
        assert_eq!(app.me(&access).await, 401);
        assert_eq!(own.world.return_to(app, &back).await.code(), "attempt_gone");
        assert_eq!(app.send(to_sign_in(&own.provider)).await.status, 404);
        let on = settings::change(true);
        let changed = app.send(Ask::put(&path).bearer(&own.owners).header("if-match", "\"v2\"").json(on)).await;
        assert_eq!(changed.status, 200, "{:?}", changed.json);
        let access = own.sign_in().await.text("access_token");
        assert_eq!(app.send(Ask::delete(&path).bearer(&own.owners)).await.status, 204);
        assert_eq!(app.me(&access).await, 401);
        let made = app.send(settings::new(&own.slug, &own.idp).bearer(&own.owners)).await;
        let back = own.world.leave(&own.idp, to_sign_in(&made.text("id"))).await;
        assert_eq!(own.world.return_to(app, &back).await.code(), "not_linked", "what was linked is forgotten");
        for (action, times) in [("created", 2), ("changed", 2), ("deleted", 1)] {
            assert_eq!(app.audited(&format!("identity.provider.{action}")).await, times, "{action}");
        }
    }
}
