//! Passkeys and the rest of the account: operators, resets, rescue, export, closure.

use gantry_db::sql;
use gantry_identity::NewUser;
use gantry_kernel::Secret;
use gantry_testkit::{SoftPasskey, both_engines};
use serde_json::json;

use super::{MINE, PAGE, WHO};
use crate::app::{App, Ask, PASSWORD};

both_engines! {
    /// A passkey is the second factor that operators must have; without one the platform is closed to them.
    async fn an_operator_may_work_with_a_passkey(engine: Engine) {
        let app = App::new(engine).await;
        app.identity
            .rescue_create(NewUser {
                email: "ops@example.com".parse().unwrap(),
                name: "Platform Staff".parse().unwrap(),
                password: Some(Secret::new(PASSWORD.to_owned())),
                operator: true,
            })
            .await
            .unwrap();
        let (access, _) = app.tokens("ops@example.com").await;
        let people = |access: &str| app.send(Ask::get("/api/v1/admin/people").bearer(access));
        assert_eq!(people(&access).await.status, 403);
        let mut key = SoftPasskey::new(PAGE);
        let registered = app.add_key(&access, &mut key).await;
        assert_eq!(people(&access).await.status, 200, "it has just been shown");
        let begun = app.log_in_by(&mut key).await.text("access_token");
        assert_eq!(people(&begun).await.status, 200);
        let one = format!("{MINE}/{}", registered.json["passkey"]["id"].as_str().unwrap());
        assert_eq!(app.send(Ask::delete(&one).bearer(&begun)).await.status, 204);
        assert_eq!(people(&begun).await.status, 403, "as without any other");
        assert_eq!(people(&access).await.status, 403);
    }

    /// A mailbox is not a passkey: a reset changes the password, and only that.
    async fn a_reset_is_no_way_around_a_passkey(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        let ask = Ask::post("/api/v1/auth/password-resets").json(json!({ "email": WHO }));
        assert_eq!(app.send(ask).await.status, 202);
        let body = json!({ "token": app.token(WHO).await, "password": "quite another phrase" });
        let reset = app.send(Ask::post("/api/v1/auth/password-resets/confirm").json(body)).await;
        assert_eq!(reset.status, 204);
        assert_eq!(app.me(&who.access).await, 401);
        assert_eq!(app.log_in(WHO, "quite another phrase").await.status, 202);
        assert_eq!(app.log_in_by(&mut who.key).await.status, 201);
    }

    /// The server's operator lets somebody in who lost everything.
    async fn a_rescue_removes_passkeys(engine: Engine) {
        let app = App::new(engine).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        app.identity.rescue_factors(&WHO.parse().unwrap()).await.unwrap();
        assert_eq!(app.log_in_by(&mut who.key).await.code(), "passkey_refused");
        assert_eq!(app.log_in(WHO, PASSWORD).await.status, 201);
        assert_eq!(app.count(sql!("select count(*) from passkeys")).await, 0);
    }

    async fn passkeys_are_in_the_export_and_go_with_the_account(engine: Engine) {
        let app = App::new(engine).await;
        app.owner("other@example.com", "South Hall").await;
        let (other, _) = app.tokens("other@example.com").await;
        let mut key = SoftPasskey::new(PAGE);
        app.add_key(&other, &mut key).await;
        let mut who = app.keyed(WHO, SoftPasskey::new(PAGE)).await;
        let export = app.send(Ask::get("/api/v1/me/export").bearer(&who.access)).await;
        assert_eq!(export.status, 200, "{:?}", export.json);
        let passkeys = export.json["passkeys"].as_array().unwrap();
        assert_eq!(passkeys.len(), 1, "{passkeys:?}");
        assert_eq!(passkeys[0]["name"], "A key");

        // The last owner of a workspace may not go.
        app.control
            .write(async |tx| tx.execute(sql!("delete from memberships"), &[]).await)
            .await
            .unwrap();
        app.asked_for_new(&who.access).await;
        let closed = app.send(Ask::post("/api/v1/me/closure").bearer(&who.access)).await;
        assert_eq!(closed.status, 204, "{:?}", closed.json);
        assert_eq!(app.count(sql!("select count(*) from passkeys")).await, 1, "the other's");
        assert_eq!(app.count(sql!("select count(*) from passkey_ceremonies")).await, 0);
        assert_eq!(app.log_in_by(&mut who.key).await.code(), "passkey_refused");
        assert_eq!(app.log_in_by(&mut key).await.status, 201);
    }
}
