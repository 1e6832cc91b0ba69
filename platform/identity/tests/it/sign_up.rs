//! Becoming somebody: sign-up, verification, set-up, rescue, reset.

use futures_util::future::join_all;
use gantry_identity::NewUser;
use gantry_testkit::both_engines;
use serde_json::json;

use crate::app::{App, Ask, PASSWORD, token_of};

const STRANGE: &str = "a stranger's own words";

/// Somebody else signs up with this address.
async fn strange(app: &App, email: &str) {
    let body = json!({
        "email": email, "password": STRANGE, "name": "Stranger", "workspace_name": "Trap",
    });
    let answer = app
        .send(Ask::post("/api/v1/auth/sign-ups").json(body))
        .await;
    assert_eq!(answer.status, 202, "{:?}", answer.json);
}

async fn reset(app: &App, token: &str, password: &str) -> u16 {
    let body = json!({ "token": token, "password": password });
    app.send(Ask::post("/api/v1/auth/password-resets/confirm").json(body))
        .await
        .status
}

both_engines! {
    /// From nothing to a workspace, and back in.
    async fn a_person_signs_up_and_signs_in(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("Owner@Example.com ", "North Hall").await;
        let (access, _) = app.tokens("owner@example.com").await;
        let me = app.send(Ask::get("/api/v1/me").bearer(&access)).await;
        assert_eq!(me.status, 200);
        assert_eq!(me.json["email"], "owner@example.com");
        assert_eq!(me.json["memberships"][0]["slug"], "north-hall");
        assert_eq!(me.json["memberships"][0]["state"], "active");
        assert_eq!(me.json["memberships"][0]["grants"], json!([{"role": "owner", "scope": "all", "units": []}]));
        assert_eq!(app.audited("identity.email.verified").await, 1);
        assert_eq!(app.audited("identity.owner.added").await, 1, "adding an owner twice is once");
    }

    /// Of 20 requests with one link one succeeds, and one workspace is begun.
    async fn a_link_works_once_under_race(engine: Engine) {
        let app = App::new(engine).await;
        app.sign_up("owner@example.com", "North Hall").await;
        let token = app.token("owner@example.com").await;
        let answers = join_all((0..20).map(|_| app.verify(&token))).await;
        let good = answers.iter().filter(|answer| answer.status == 200).count();
        let gone = answers.iter().filter(|answer| answer.status == 410).count();
        assert_eq!((good, gone), (1, 19), "{:?}", answers.iter().map(|a| a.status).collect::<Vec<_>>());
        let tenants = app.control.read(async |tx| gantry_db::directory::count(tx).await).await.unwrap();
        assert_eq!(tenants.iter().map(|(_, n)| n).sum::<i64>(), 1);
    }

    /// A stranger who knows the address signs up before or after its owner: the owner's own link confirms the
    /// owner's password and wish, also when its mail is made out after the stranger came.
    async fn a_link_confirms_the_sign_up_it_was_mailed_for(engine: Engine) {
        let app = App::new(engine).await;
        for (email, place, stranger_first) in [
            ("first@example.com", "First Place", true),
            ("second@example.com", "Second Place", false),
        ] {
            if stranger_first {
                strange(&app, email).await;
                app.pass(1);
            }
            app.sign_up(email, place).await;
            app.pass(1);
            let own = if stranger_first {
                strange(&app, email).await;
                1
            } else {
                for _ in 0..4 {
                    strange(&app, email).await;
                }
                4
            };
            let mails = app.mails(email, "identity.verify_email").await;
            let links: Vec<_> = mails.into_iter().map(|mail| mail.unwrap()["sign_ups"].clone()).collect();
            assert!(links.iter().all(|links| links.as_array().unwrap().len() == 1), "{links:?}");
            let tokens: Vec<_> = links.iter().map(|links| token_of(&links[0])).collect();
            let verified = app.verify(&tokens[own]).await;
            assert_eq!(verified.status, 200, "{:?}", verified.json);
            assert_eq!(verified.json["tenant"]["name"], place);
            for token in &tokens {
                assert_eq!(app.verify(token).await.status, 410, "the others are over");
            }
            assert_eq!(app.log_in(email, STRANGE).await.status, 401);
            assert_eq!(app.log_in(email, PASSWORD).await.status, 201);
            let left = app.mails(email, "identity.verify_email").await;
            assert!(left.iter().all(Option::is_none), "{left:?}");
        }
        assert_eq!(app.count(gantry_db::sql!("select count(*) from sign_ups")).await, 0);
    }

    /// The mail that is asked for again has a link for everybody who waits, and tells them apart.
    async fn a_resent_mail_has_a_link_for_each_sign_up(engine: Engine) {
        let app = App::new(engine).await;
        app.sign_up("owner@example.com", "North Hall").await;
        app.pass(3_600);
        strange(&app, "owner@example.com").await;
        let ask = json!({ "email": "owner@example.com" });
        app.pass(1);
        assert_eq!(app.send(Ask::post("/api/v1/auth/verifications/resend").json(ask)).await.status, 202);
        let newest = app.mails("owner@example.com", "identity.verify_email").await.swap_remove(0).unwrap();
        let sign_ups = newest["sign_ups"].as_array().unwrap();
        assert_eq!(sign_ups.len(), 2, "{newest}");
        assert_ne!(sign_ups[0]["at"], sign_ups[1]["at"]);
        assert!(!newest.to_string().contains("Stranger"), "nobody writes to others: {newest}");
        let verified = app.verify(&token_of(&sign_ups[1])).await;
        assert_eq!(verified.json["tenant"]["name"], "North Hall");
        assert_eq!(app.log_in("owner@example.com", PASSWORD).await.status, 201);
    }

    /// Unknown, waiting and existing addresses look the same in every public answer.
    async fn nothing_tells_whether_an_address_is_known(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("known@example.com", "North Hall").await;
        app.sign_up("waiting@example.com", "Waiting Room").await;
        app.pass(4_000);
        for (path, password) in [
            ("/api/v1/auth/sign-ups", true),
            ("/api/v1/auth/verifications/resend", false),
            ("/api/v1/auth/password-resets", false),
        ] {
            let mut seen = Vec::new();
            for email in ["known@example.com", "waiting@example.com", "nobody@example.com"] {
                let mut body = json!({ "email": email });
                if password {
                    body["password"] = json!(PASSWORD);
                    body["name"] = json!("Some Person");
                    body["workspace_name"] = json!("Some Place");
                }
                seen.push(app.send(Ask::post(path).json(body)).await.visible());
            }
            assert_eq!(seen[0], seen[1], "{path}");
            assert_eq!(seen[1], seen[2], "{path}");
            assert_eq!(seen[0].0, 202, "{path}");
            app.pass(4_000);
        }
        let unknown = app.log_in("absent@example.com", PASSWORD).await.visible();
        let waiting = app.log_in("waiting@example.com", PASSWORD).await.visible();
        let wrong = app.log_in("known@example.com", "not the password").await.visible();
        assert_eq!(unknown, wrong);
        assert_eq!(unknown, waiting);
        let resets = async |email| app.mails(email, "identity.reset_password").await;
        assert!(matches!(resets("known@example.com").await[..], [Some(_)]));
        assert_eq!(resets("waiting@example.com").await, [None], "not confirmed: nothing to reset");
        assert_eq!(resets("nobody@example.com").await, [None]);
        assert_eq!(app.mails("known@example.com", "identity.verify_email").await, [None, None]);
        assert!(matches!(app.mails("known@example.com", "identity.already_registered").await[..], [Some(_)]));
    }

    /// A reset ends every session, works once, and not after its hour.
    async fn a_reset_ends_every_session(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("owner@example.com", "North Hall").await;
        let (access, refresh) = app.tokens("owner@example.com").await;
        let ask = || Ask::post("/api/v1/auth/password-resets").json(json!({ "email": "owner@example.com" }));
        assert_eq!(app.send(ask()).await.status, 202);
        let token = app.token("owner@example.com").await;
        let reset = |token: &str, password: &str| {
            Ask::post("/api/v1/auth/password-resets/confirm")
                .json(json!({ "token": token, "password": password }))
        };
        let weak = app.send(reset(&token, "owner@example.com")).await;
        assert_eq!((weak.status, weak.json["errors"][0]["code"].as_str()), (422, Some("guessable")));
        assert_eq!(app.send(reset(&token, "quite another phrase")).await.status, 204);
        assert_eq!(app.me(&access).await, 401);
        let refreshed = Ask::post("/api/v1/auth/tokens/refresh").json(json!({ "refresh_token": refresh }));
        assert_eq!(app.send(refreshed).await.status, 401);
        assert_eq!(app.send(reset(&token, "a third phrase here")).await.status, 410);
        assert_eq!(app.log_in("owner@example.com", PASSWORD).await.status, 401);
        assert_eq!(app.log_in("owner@example.com", "quite another phrase").await.status, 201);
        assert_eq!(app.mails("owner@example.com", "identity.password_changed").await.len(), 1);
        app.pass(10);
        assert_eq!(app.send(ask()).await.status, 202);
        let late = app.token("owner@example.com").await;
        app.pass(3_601);
        assert_eq!(app.send(reset(&late, "a fourth phrase here")).await.status, 410);
    }

    /// Fields nobody may set are refused, not dropped.
    async fn a_sign_up_cannot_bring_its_own_role(engine: Engine) {
        let app = App::new(engine).await;
        for extra in ["role", "id", "verified_at", "state", "platform_permissions", "tenant"] {
            let mut body = json!({
                "email": "owner@example.com", "password": PASSWORD, "name": "Some Person",
                "workspace_name": "North Hall",
            });
            body[extra] = json!("operator");
            assert_eq!(app.send(Ask::post("/api/v1/auth/sign-ups").json(body)).await.status, 422, "{extra}");
        }
    }

    /// The printed link makes one operator, once.
    async fn the_set_up_link_makes_the_first_operator_only(engine: Engine) {
        let app = App::new(engine).await;
        let old = app.identity.set_up_link().await.unwrap().unwrap();
        let new = app.identity.set_up_link().await.unwrap().unwrap();
        let set_up = |link: &str, email: &str| {
            Ask::post("/api/v1/auth/set-up").json(json!({
                "token": link.split_once("#token=").unwrap().1, "email": email, "name": "Staff",
                "password": PASSWORD,
            }))
        };
        assert_eq!(app.send(set_up(&old, "staff@example.com")).await.status, 410, "the newest print-out counts");
        let answers = join_all([
            app.send(set_up(&new, "staff@example.com")),
            app.send(set_up(&new, "other@example.com")),
        ])
        .await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(made, 1, "{answers:?}");
        assert_eq!(app.identity.set_up_link().await.unwrap(), None);
        let winner = if answers[0].status == 201 { "staff@example.com" } else { "other@example.com" };
        let (access, _) = app.tokens(winner).await;
        let me = app.send(Ask::get("/api/v1/me").bearer(&access)).await;
        assert_eq!(me.json["platform_permissions"], json!([
            "identity.account.unlock",
            "identity.person.impersonate",
            "identity.person.read",
            "identity.person.suspend",
            "tenancy.tenant.read",
        ]));
    }

    /// With a shell and without mail: create, confirm, set a password.
    async fn rescue_works_without_mail(engine: Engine) {
        let app = App::new(engine).await;
        let user = NewUser {
            email: "staff@example.com".parse().unwrap(),
            name: gantry_identity::PersonName::new("Staff").unwrap(),
            password: None,
            operator: true,
        };
        let link = app.identity.rescue_create(user).await.unwrap().link.unwrap();
        let token = link.split_once("#token=").unwrap().1;
        let reset = json!({ "token": token, "password": PASSWORD });
        let confirm = Ask::post("/api/v1/auth/password-resets/confirm").json(reset);
        assert_eq!(app.send(confirm).await.status, 204);
        app.tokens("staff@example.com").await;
        app.sign_up("owner@example.com", "North Hall").await;
        app.identity.rescue_verify(&"owner@example.com".parse().unwrap()).await.unwrap();
        let (access, _) = app.tokens("owner@example.com").await;
        let tenants = app.control.read(async |tx| gantry_db::directory::count(tx).await).await.unwrap();
        assert_eq!(tenants.len(), 1, "the wished workspace is begun");
        let email = "owner@example.com".parse().unwrap();
        app.identity.rescue_password(&email, Some(gantry_kernel::Secret::new("set from the shell".to_owned()))).await.unwrap();
        assert_eq!(app.me(&access).await, 401);
        assert_eq!(app.log_in("owner@example.com", "set from the shell").await.status, 201);
    }

    /// Where several signed up, a shell confirms nobody's password.
    async fn a_rescue_does_not_guess_whose_password_counts(engine: Engine) {
        let app = App::new(engine).await;
        app.sign_up("owner@example.com", "North Hall").await;
        app.pass(1);
        strange(&app, "owner@example.com").await;
        let email = "owner@example.com".parse().unwrap();
        let rescued = app.identity.rescue_verify(&email).await.unwrap();
        for password in [PASSWORD, STRANGE] {
            assert_eq!(app.log_in("owner@example.com", password).await.status, 401);
        }
        let token = rescued.link.unwrap().split_once("#token=").unwrap().1.to_owned();
        assert_eq!(reset(&app, &token, "set by the link").await, 204);
        assert_eq!(app.log_in("owner@example.com", "set by the link").await.status, 201);
        assert!(app.identity.rescue_verify(&email).await.is_err(), "once");
    }

    /// A link from the shell replaces the password, and whatever links there were.
    async fn a_rescue_ends_what_was_before(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("owner@example.com", "North Hall").await;
        let email = "owner@example.com".parse().unwrap();
        let link = async |password: Option<&str>| {
            let password = password.map(|text| gantry_kernel::Secret::new(text.to_owned()));
            let rescued = app.identity.rescue_password(&email, password).await.unwrap();
            rescued.link.map(|link| link.split_once("#token=").unwrap().1.to_owned())
        };
        let old = link(None).await.unwrap();
        assert_eq!(app.log_in("owner@example.com", PASSWORD).await.status, 401, "may be known to others");
        let new = link(None).await.unwrap();
        assert_eq!(reset(&app, &old, "from an older link").await, 410);
        assert_eq!(reset(&app, &new, "from the newest link").await, 204);
        assert_eq!(app.log_in("owner@example.com", "from the newest link").await.status, 201);
        let last = link(None).await.unwrap();
        assert_eq!(link(Some("set from the shell")).await, None);
        assert_eq!(reset(&app, &last, "after the shell").await, 410);
        assert_eq!(app.log_in("owner@example.com", "set from the shell").await.status, 201);
    }

    /// A command that resets a password is another process than the server that counted the guesses; and the owner hears of it.
    async fn a_rescue_reaches_the_counts_of_the_server(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("owner@example.com", "North Hall").await;
        let (command, email) = (app.beside(&[1]), "owner@example.com".parse().unwrap());
        let exhaust = async || {
            for _ in 0..10 {
                app.log_in("owner@example.com", "not the password").await;
            }
            assert_eq!(app.log_in("owner@example.com", PASSWORD).await.code(), "rate_limited");
        };
        exhaust().await;
        let password = gantry_kernel::Secret::new("set from the shell".to_owned());
        command.identity.rescue_password(&email, Some(password)).await.unwrap();
        assert_eq!(app.log_in("owner@example.com", "set from the shell").await.status, 201);
        let mails = app.mails("owner@example.com", "identity.factors_changed").await;
        assert!(mails[0].as_ref().unwrap()["what"].as_str().unwrap().contains("was reset"), "{mails:?}");
        app.pass(1);
        exhaust().await;
        command.identity.rescue_unlock(&email).await.unwrap();
        assert_eq!(app.log_in("owner@example.com", "set from the shell").await.status, 201);
        // Each is followed once: guesses after it count.
        app.pass(1);
        exhaust().await;
    }

    /// Guesses of others do not keep out whoever has just set a new password.
    async fn a_reset_lets_in_at_once(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("owner@example.com", "North Hall").await;
        let ask = Ask::post("/api/v1/auth/password-resets").json(json!({ "email": "owner@example.com" }));
        assert_eq!(app.send(ask).await.status, 202);
        for _ in 0..10 {
            app.log_in("owner@example.com", "not the password").await;
        }
        assert_eq!(app.log_in("owner@example.com", PASSWORD).await.code(), "rate_limited");
        let token = app.token("owner@example.com").await;
        assert_eq!(reset(&app, &token, "quite another phrase").await, 204);
        assert_eq!(app.log_in("owner@example.com", "quite another phrase").await.status, 201);
    }
}
