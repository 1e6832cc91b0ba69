//! What is decided about money.

use gantry_testkit::both_engines;
use serde_json::json;

use super::Desk;

both_engines! {
    async fn a_branch_is_somebody_on_paper(engine: Engine) {
        let desk = Desk::open(engine).await;
        let path = format!("/branches/{}/billing", desk.branch);
        assert!(desk.app.get("owner", &path).await.expect(200).json().is_null());
        let put = |body| desk.app.ask("owner", "PUT", &path).json(&body).send();
        for wrong in [
            json!({ "legal_name": "X", "prefix": "P", "gstin": "27AAPFU0939F1ZW" }),
            json!({ "legal_name": "X", "prefix": "PUNE" }),
            json!({ "legal_name": "X", "prefix": "P", "state": "99" }),
            json!({ "legal_name": "X", "prefix": "P", "state": "29", "gstin": "27AAPFU0939F1ZV" }),
        ] {
            put(wrong).await.expect(422);
        }
        desk.register().await;
        let profile = desk.app.get("owner", &path).await.expect(200).json();
        assert_eq!((&profile["state"], &profile["version"]), (&json!("27"), &json!(1)));
        let other = desk.app.branch("B").await;
        let taken = json!({ "legal_name": "Other", "prefix": "PUN" });
        let taken = desk.app.ask("owner", "PUT", &format!("/branches/{other}/billing")).json(&taken).send().await;
        assert_eq!(taken.refused(409), "prefix_taken");
        let who = format!("manager.{other}");
        desk.app.get(&who, &path).await.expect(404);
    }

    async fn the_currency_stays_once_it_is_in_the_books(engine: Engine) {
        let desk = Desk::open(engine).await;
        desk.decide(json!({ "currency": "USD" })).await;
        desk.decide(json!({ "currency": "INR", "late_fee": 5_000, "approval_limit": 0 })).await;
        desk.charge().await;
        let body = json!({ "currency": "USD" });
        let put = desk.app.ask("owner", "PUT", "/money-settings").version(3).json(&body).send().await;
        assert_eq!(put.refused(409), "currency_in_use");
        let narrow = format!("manager.{}", desk.branch);
        desk.app.ask(&narrow, "PUT", "/money-settings").version(3).json(&body).send().await.expect(403);
    }

    async fn who_is_in_the_books_is_not_deleted(engine: Engine) {
        let desk = Desk::open(engine).await;
        desk.charge().await;
        let path = format!("/students/{}", desk.student);
        let gone = desk.app.ask("owner", "DELETE", &path).version(1).send().await;
        assert_eq!(gone.refused(409), "student_in_use");
        let empty = desk.app.branch("B").await;
        super::plan(&desk.app, &empty, "Daily", json!({ "period": "daily", "price": 100 })).await;
        let gone = desk.app.ask("owner", "DELETE", &format!("/branches/{empty}")).version(1).send().await;
        assert_eq!(gone.refused(409), "branch_not_empty");
    }
}
