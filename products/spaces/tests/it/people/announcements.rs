use std::time::Duration;

use gantry_testkit::both_engines;
use serde_json::{Value, json};

use crate::app::App;

fn titles(rows: &[Value]) -> Vec<&str> {
    rows.iter()
        .map(|row| row["title"].as_str().unwrap())
        .collect()
}

both_engines! {
    async fn a_desk_shows_what_is_for_it_and_for_all(engine: Engine) {
        let app = App::new(engine).await;
        let (here, there) = (app.branch("A").await, app.branch("B").await);
        let say = async |who: &str, body: Value| app.post(who, "/announcements", body).await;
        say("manager", json!({"title": "Holiday", "pinned": true})).await.expect(201);
        app.clock.advance(Duration::from_secs(1));
        let made = say("manager", json!({"branch_id": here, "title": "Wet paint"})).await.expect(201);
        say("manager", json!({"branch_id": there, "title": "No water"})).await.expect(201);
        let desk = format!("viewer.{here}");
        assert_eq!(titles(&app.all(&desk, "/announcements").await), ["Holiday", "Wet paint"]);
        assert_eq!(app.all("viewer", "/announcements").await.len(), 3);
        let narrow = format!("manager.{here}");
        assert_eq!(say(&narrow, json!({"title": "All!"})).await.refused(403), "announcement_for_all");
        assert_eq!(say(&narrow, json!({"branch_id": there, "title": "x"})).await.refused(422), "branch_unknown");
        say(&desk, json!({"branch_id": here, "title": "x"})).await.expect(403);
        say("receptionist", json!({"branch_id": here, "title": "x"})).await.expect(403);
        let all = app.all(&narrow, "/announcements").await;
        let holiday = format!("/announcements/{}", all[0]["id"].as_str().unwrap());
        let change = app.ask(&narrow, "PATCH", &holiday).version(1).json(&json!({"title": "Work"}));
        assert_eq!(change.send().await.refused(403), "announcement_for_all");
        let path = format!("/announcements/{}", made.id());
        app.get(&format!("viewer.{there}"), &path).await.expect(404);
        let change = app.ask(&narrow, "PATCH", &path).version(1).json(&json!({"pinned": true}));
        assert_eq!(change.send().await.expect(200).json()["version"], 2);
        let page = app.get(&desk, "/announcements?page_size=1").await.expect(200).json();
        assert_eq!(page["items"][0]["title"], "Wet paint", "both are pinned, and it began later");
        let next = format!("/announcements?page_size=1&page_token={}", page["next_page_token"].as_str().unwrap());
        assert_eq!(app.get(&desk, &next).await.expect(200).json()["items"][0]["title"], "Holiday");
        app.ask(&narrow, "DELETE", &path).version(1).send().await.expect(412);
        app.ask(&narrow, "DELETE", &path).version(2).send().await.expect(204);
    }

    async fn what_is_over_is_not_shown(engine: Engine) {
        let app = App::new(engine).await;
        let say = async |body: Value| app.post("owner", "/announcements", body).await;
        let from = "2030-01-05T09:00:00Z";
        say(json!({"title": "Never", "from_at": from, "until_at": from})).await.expect(422);
        say(json!({"title": "Exam week", "from_at": from, "until_at": "2030-01-12T09:00:00Z"})).await.expect(201);
        let shown = async |at: &str| app.all("viewer", &format!("/announcements?shown_at={at}")).await.len();
        assert_eq!(shown("2030-01-05T08:59:59Z").await, 0);
        assert_eq!(shown("2030-01-05T09:00:00Z").await, 1);
        assert_eq!(shown("2030-01-12T08:59:59Z").await, 1);
        assert_eq!(shown("2030-01-12T09:00:00Z").await, 0);
    }
}
