//! Operators find, suspend and let in people.

use gantry_testkit::both_engines;
use serde_json::json;

use crate::app::{App, Ask, PASSWORD};

both_engines! {
    /// Shut out at once, everywhere, and let in again with nothing lost.
    async fn a_suspended_person_is_out_at_once(engine: Engine) {
        let app = App::new(engine).await;
        let (_, staff) = app.operator("staff@example.com").await;
        let (_, person) = app.owner("owner@example.com", "North Hall").await;
        let (access, refresh) = app.tokens("owner@example.com").await;
        let found = app.send(Ask::get("/api/v1/admin/people?email=Owner%40Example.com").bearer(&staff)).await;
        assert_eq!(found.json["items"][0]["id"], json!(person));
        assert_eq!(found.json["items"].as_array().unwrap().len(), 1);
        let path = format!("/api/v1/admin/people/{person}/suspension");
        let suspend = Ask::put(&path).bearer(&staff).json(json!({ "reason": "chargeback fraud" }));
        let suspended = app.send(suspend).await;
        assert_eq!((suspended.status, &suspended.json["state"]), (200, &json!("disabled")));
        assert_eq!(app.me(&access).await, 401);
        let again = || Ask::post("/api/v1/auth/tokens/refresh").json(json!({ "refresh_token": refresh }));
        assert_eq!(app.send(again()).await.status, 401);
        let refused = app.log_in("owner@example.com", PASSWORD).await;
        let unknown = app.log_in("nobody@example.com", PASSWORD).await;
        assert_eq!(refused.visible(), unknown.visible(), "a suspension is not told to strangers");
        assert_eq!(app.send(Ask::delete(&path).bearer(&staff)).await.json["state"], "active");
        assert_eq!(app.send(again()).await.status, 401, "what was ended stays ended");
        assert_eq!(app.log_in("owner@example.com", PASSWORD).await.status, 201);
        assert_eq!(app.audited("identity.account.suspended").await, 1);
        assert_eq!(app.audited("identity.account.resumed").await, 1);
    }

    /// The platform keeps somebody who can let others in, also when two try at once.
    async fn the_last_operator_stays(engine: Engine) {
        let app = App::new(engine).await;
        let (first, firsts) = app.operator("first@example.com").await;
        let suspend = |by: &str, whom: &str| {
            let path = format!("/api/v1/admin/people/{whom}/suspension");
            app.send(Ask::put(&path).bearer(by).json(json!({ "reason": "left the company" })))
        };
        assert_eq!(suspend(&firsts, &first).await.code(), "last_operator");
        assert_eq!(app.send(Ask::post("/api/v1/me/closure").bearer(&firsts)).await.code(), "last_operator");
        let (second, seconds) = app.operator("second@example.com").await;
        let (one, two) = tokio::join!(suspend(&firsts, &second), suspend(&seconds, &first));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert!(statuses == [200, 409] || statuses == [200, 401], "{statuses:?}");
        let left = app.count(gantry_db::sql!(
            "select count(*) from platform_grants p join identities i on i.id = p.identity_id
             where i.state = 'active'"
        ));
        assert_eq!(left.await, 1);
    }

    /// People without the permission see nobody.
    async fn people_are_for_operators(engine: Engine) {
        let app = App::new(engine).await;
        let (_, person) = app.owner("owner@example.com", "North Hall").await;
        let (access, _) = app.tokens("owner@example.com").await;
        for path in ["/api/v1/admin/people".to_owned(), format!("/api/v1/admin/people/{person}")] {
            assert_eq!(app.send(Ask::get(&path).bearer(&access)).await.code(), "permission_missing");
        }
    }
}
