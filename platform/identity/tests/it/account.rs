//! What people do with their own account: move it, take their data, close it.

use gantry_testkit::both_engines;
use serde_json::{Value, json};

use crate::app::{Answer, App, Ask, PASSWORD};

const OLD: &str = "owner@example.com";
const NEW: &str = "moved@example.com";

async fn ask_to_move(app: &App, access: &str, to: &str) -> Answer {
    let body = json!({ "email": to });
    app.send(
        Ask::post("/api/v1/me/email-changes")
            .bearer(access)
            .json(body),
    )
    .await
}

async fn confirm(app: &App, token: &str) -> Answer {
    let body = json!({ "token": token });
    app.send(Ask::post("/api/v1/auth/email-changes/confirm").json(body))
        .await
}

both_engines! {
    /// Both addresses hear of it, the old one opens nothing any more, and only the session that asked goes on.
    async fn an_account_moves_to_another_address(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(OLD, "North Hall").await;
        let (mine, _) = app.tokens(OLD).await;
        let (other, _) = app.tokens(OLD).await;
        let reset = Ask::post("/api/v1/auth/password-resets").json(json!({ "email": OLD }));
        assert_eq!(app.send(reset).await.status, 202);
        let old_link = app.token(OLD).await;
        assert_eq!(ask_to_move(&app, &mine, "  Moved@Example.COM ").await.status, 202);
        assert_eq!(app.log_in(OLD, PASSWORD).await.status, 201, "nothing moved yet");
        assert_eq!(app.mails(OLD, "identity.email_change_asked").await.len(), 1);
        let token = app.token(NEW).await;
        assert_eq!(confirm(&app, &token).await.status, 204);
        assert_eq!(confirm(&app, &token).await.status, 410, "one use");
        assert_eq!(app.log_in(OLD, PASSWORD).await.status, 401);
        assert_eq!(app.log_in(NEW, PASSWORD).await.status, 201);
        assert_eq!((app.me(&mine).await, app.me(&other).await), (200, 401));
        for address in [OLD, NEW] {
            assert_eq!(app.mails(address, "identity.email_changed").await.len(), 1, "{address}");
        }
        let stale = Ask::post("/api/v1/auth/password-resets/confirm")
            .json(json!({ "token": old_link, "password": "quite another phrase" }));
        assert_eq!(app.send(stale).await.status, 410, "the old mailbox resets nothing");
        assert_eq!(app.audited("identity.email.changed").await, 1);
        app.owner(OLD, "South Hall").await;
    }

    /// Asking tells nothing about who has the address, and gets nobody anywhere.
    async fn an_address_that_is_taken_stays_where_it_is(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(OLD, "North Hall").await;
        app.owner(NEW, "South Hall").await;
        let (mine, _) = app.tokens(OLD).await;
        let taken = ask_to_move(&app, &mine, NEW).await;
        assert_eq!(app.mails(NEW, "identity.change_email").await, [None], "no link is made");
        app.pass(61);
        let free = ask_to_move(&app, &mine, "free@example.com").await;
        assert_eq!(taken.visible(), free.visible());
        let token = app.token("free@example.com").await;
        app.owner("free@example.com", "West Hall").await;
        assert_eq!(confirm(&app, &token).await.code(), "address_taken");
        assert_eq!(app.log_in(OLD, PASSWORD).await.status, 201);
    }

    /// A sign-up that nobody confirmed keeps no address from the person who proves that it is theirs.
    async fn an_unconfirmed_sign_up_gives_way(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(OLD, "North Hall").await;
        assert_eq!(app.sign_up(NEW, "Squatted").await.status, 202);
        let stranger = app.token(NEW).await;
        let (mine, _) = app.tokens(OLD).await;
        ask_to_move(&app, &mine, NEW).await;
        let mails = app.mails(NEW, "identity.change_email").await;
        let token = crate::app::token_of(mails[0].as_ref().unwrap());
        assert_eq!(confirm(&app, &token).await.status, 204);
        assert_eq!(app.verify(&stranger).await.status, 410);
        assert_eq!(app.log_in(NEW, PASSWORD).await.status, 201);
    }

    /// A new password stops a move that somebody else asked for, and a stolen session alone cannot ask.
    async fn a_move_can_be_stopped(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(OLD, "North Hall").await;
        let (mine, _) = app.tokens(OLD).await;
        ask_to_move(&app, &mine, NEW).await;
        let token = app.token(NEW).await;
        let change = Ask::put("/api/v1/me/password").bearer(&mine).json(json!({
            "current_password": PASSWORD, "new_password": "quite another phrase",
        }));
        assert_eq!(app.send(change).await.status, 204);
        assert_eq!(confirm(&app, &token).await.status, 410);
        app.pass(601);
        let late = ask_to_move(&app, &mine, NEW).await;
        assert_eq!((late.status, late.code().as_str()), (403, "step_up_required"));
    }

    /// Who ends the session that asked, or signs out everywhere, has stopped the move.
    async fn a_move_dies_with_the_session_that_asked(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(OLD, "North Hall").await;
        let (thief, _) = app.tokens(OLD).await;
        ask_to_move(&app, &thief, NEW).await;
        let token = app.token(NEW).await;
        let (mine, _) = app.tokens(OLD).await;
        assert_eq!(app.send(Ask::delete("/api/v1/me/sessions").bearer(&mine)).await.status, 204);
        assert_eq!(confirm(&app, &token).await.status, 410);
        assert_eq!(app.log_in(OLD, PASSWORD).await.status, 201);
    }

    /// Two people who move to one address at once: one gets it.
    async fn one_of_two_movers_wins(engine: Engine) {
        let app = App::new(engine).await;
        let mut tokens = Vec::new();
        for (email, workspace) in [(OLD, "North Hall"), ("second@example.com", "South Hall")] {
            app.owner(email, workspace).await;
            let (access, _) = app.tokens(email).await;
            app.pass(1);
            ask_to_move(&app, &access, NEW).await;
            let newest = app.mails(NEW, "identity.change_email").await;
            tokens.push(crate::app::token_of(newest[0].as_ref().unwrap()));
        }
        let (first, second) = tokio::join!(confirm(&app, &tokens[0]), confirm(&app, &tokens[1]));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409]);
    }

    /// The file holds what is known, and no secret.
    async fn people_can_take_their_data(engine: Engine) {
        let app = App::new(engine).await;
        let (_, person) = app.owner(OLD, "North Hall").await;
        app.owner("other@example.com", "South Hall").await;
        let (mine, refresh) = app.tokens(OLD).await;
        let answer = app.send(Ask::get("/api/v1/me/export").bearer(&mine)).await;
        assert_eq!(answer.status, 200);
        let disposition = answer.headers["content-disposition"].to_str().unwrap();
        assert!(disposition.starts_with("attachment"), "{disposition}");
        let data = &answer.json;
        assert_eq!((&data["account"]["id"], &data["account"]["email"]), (&json!(person), &json!(OLD)));
        assert_eq!(data["memberships"][0]["grants"][0]["role"], "owner");
        assert_eq!(data["sessions"].as_array().unwrap().len(), 1);
        assert!(data["activity"].as_array().unwrap().iter().any(|row| row["action"] == "identity.session.started"));
        let text = data.to_string();
        for secret in ["argon2", &refresh, "other@example.com", "secret"] {
            assert!(!text.contains(secret), "{secret}");
        }
        assert_eq!(app.audited("identity.account.exported").await, 1);
    }

    /// Nothing but mails that are still kept leads to the person; the address is free again.
    async fn a_closed_account_is_forgotten(engine: Engine) {
        let app = App::new(engine).await;
        let (_, owner) = app.owner(OLD, "North Hall").await;
        let (owners, _) = app.tokens(OLD).await;
        let me = app.send(Ask::get("/api/v1/me").bearer(&owners)).await;
        let slug = me.json["memberships"][0]["slug"].as_str().unwrap().to_owned();
        let leaver = app.invite(&owners, &slug, NEW, json!({ "role": "admin" })).await;
        let (theirs, refresh) = app.tokens(NEW).await;
        let close = |access: &str| Ask::post("/api/v1/me/closure").bearer(access);
        assert_eq!(app.send(close(&owners)).await.code(), "last_owner");
        let closed = app.send(close(&theirs)).await;
        assert_eq!((closed.status, closed.cookie().as_deref()), (204, Some("")));
        assert_eq!(app.me(&theirs).await, 401);
        let again = Ask::post("/api/v1/auth/tokens/refresh").json(json!({ "refresh_token": refresh }));
        assert_eq!(app.send(again).await.status, 401);
        assert_eq!(app.log_in(NEW, PASSWORD).await.status, 401);
        let members = format!("/api/v1/tenants/{slug}/identity/members");
        let left = app.send(Ask::get(&members).bearer(&owners)).await;
        let ids: Vec<&Value> = left.json["items"].as_array().unwrap().iter().map(|one| &one["identity"]).collect();
        assert_eq!(ids, [&json!(owner)], "not {leaver}");
        assert_eq!(app.mails(NEW, "identity.account_closed").await.len(), 1);
        let invited = app.count(gantry_db::sql!(
            "select count(*) from invitations where email = 'moved@example.com'"
        ));
        assert_eq!(invited.await, 0);
        app.owner(NEW, "Their Own Hall").await;
        assert_eq!(app.audited("identity.account.closed").await, 1);
    }

    /// Two owners who close their accounts at once: one remains.
    async fn a_workspace_keeps_an_owner(engine: Engine) {
        let app = App::new(engine).await;
        app.owner(OLD, "North Hall").await;
        let (first, _) = app.tokens(OLD).await;
        let me = app.send(Ask::get("/api/v1/me").bearer(&first)).await;
        let slug = me.json["memberships"][0]["slug"].as_str().unwrap().to_owned();
        app.invite(&first, &slug, NEW, json!({ "role": "owner" })).await;
        let (second, _) = app.tokens(NEW).await;
        let close = |access: &str| app.send(Ask::post("/api/v1/me/closure").bearer(access));
        let (one, two) = tokio::join!(close(&first), close(&second));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409]);
    }
}
