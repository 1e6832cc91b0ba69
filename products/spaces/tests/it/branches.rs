//! Branches: life cycle, versions, reach.

use gantry_testkit::both_engines;
use serde_json::json;

use crate::app::App;

both_engines! {
    async fn a_branch_is_opened_changed_and_removed_when_empty(engine: Engine) {
        let app = App::new(engine).await;
        let body = json!({ "code": "A-1", "name": "Central", "city": "Pune", "time_zone": "asia/kolkata" });
        let made = app.post("owner", "/branches", body.clone()).await.expect(201);
        assert_eq!(made.header("etag"), "\"v1\"");
        assert_eq!(made.json()["time_zone"], "Asia/Kolkata");
        let path = format!("/branches/{}", made.id());
        assert!(made.header("location").ends_with(&path));

        assert_eq!(app.post("owner", "/branches", body).await.refused(409), "branch_code_taken");
        let lower = json!({ "code": "a-1", "name": "Other" });
        assert_eq!(app.post("owner", "/branches", lower).await.refused(409), "branch_code_taken");
        let nowhere = json!({ "code": "Z", "name": "Other", "time_zone": "Mars/Olympus" });
        app.post("owner", "/branches", nowhere).await.expect(422);

        let change = json!({ "name": "Central Hall", "city": null });
        let patch = || app.ask("owner", "PATCH", &path).json(&change);
        patch().send().await.expect(428);
        patch().version(7).send().await.expect(412);
        let changed = patch().version(1).send().await.expect(200);
        assert_eq!(changed.header("etag"), "\"v2\"");
        assert_eq!(changed.json()["city"], json!(null));
        assert_eq!(changed.json()["code"], "A-1");
        patch().version(1).send().await.expect(412);

        app.student(&made.id(), "Asha Rao", "9000000001").await;
        let delete = |version| app.ask("owner", "DELETE", &path).version(version).send();
        assert_eq!(delete(2).await.refused(409), "branch_not_empty");
        let closed = app.ask("owner", "PATCH", &path).version(2).json(&json!({ "active": false }));
        closed.send().await.expect(200);
        let late = json!({ "branch_id": made.id(), "name": "Late", "phone": "9000000002" });
        assert_eq!(app.post("owner", "/students", late).await.refused(409), "branch_inactive");
        assert_eq!(app.all("owner", "/branches?active=true").await.len(), 0);

        let other = app.branch("B").await;
        let other = format!("/branches/{other}");
        app.ask("owner", "DELETE", &other).version(1).send().await.expect(204);
        app.get("owner", &other).await.expect(404);
    }

    async fn one_sees_only_the_branches_within_reach(engine: Engine) {
        let app = App::new(engine).await;
        let (a, b) = (app.branch("A").await, app.branch("B").await);
        let who = format!("manager.{a}");
        assert_eq!(app.all(&who, "/branches").await.len(), 1);
        app.get(&who, &format!("/branches/{a}")).await.expect(200);
        app.get(&who, &format!("/branches/{b}")).await.expect(404);
        let change = json!({ "name": "Mine" });
        let path = format!("/branches/{b}");
        app.ask(&who, "PATCH", &path).version(1).json(&change).send().await.expect(404);
        let path = format!("/branches/{a}");
        app.ask(&who, "PATCH", &path).version(1).json(&change).send().await.expect(200);
        app.post(&who, "/branches", json!({ "code": "C", "name": "C" })).await.expect(403);
        app.ask(&who, "DELETE", &path).version(2).send().await.expect(403);
        app.post("viewer", "/branches", json!({ "code": "C", "name": "C" })).await.expect(403);
    }

    async fn branches_come_in_pages_by_folded_name(engine: Engine) {
        let app = App::new(engine).await;
        for (code, name) in [("1", "éast"), ("2", "East 2"), ("3", "Álpha"), ("4", "beta")] {
            app.post("owner", "/branches", json!({ "code": code, "name": name })).await.expect(201);
        }
        let mut seen = Vec::new();
        let mut token = String::new();
        loop {
            let path = format!("/branches?page_size=1&page_token={token}");
            let page = app.get("owner", &path).await.expect(200).json();
            seen.push(page["items"][0]["code"].as_str().unwrap().to_owned());
            match page["next_page_token"].as_str() {
                Some(next) => next.clone_into(&mut token),
                None => break,
            }
        }
        assert_eq!(seen, ["3", "4", "1", "2"]);
    }
}
