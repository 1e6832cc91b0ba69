//! Zones, seats, the map, shifts, closures and rules: life cycle, versions, reach. And a hall for other tests.

use gantry_testkit::both_engines;
use serde_json::{Value, json};

use crate::app::{Answer, App};

/// A branch with a zone, seats and shifts.
pub(crate) struct Hall {
    pub(crate) branch: String,
    pub(crate) zone: String,
    pub(crate) seats: Vec<String>,
}

impl Hall {
    /// A hall of so many seats.
    pub(crate) async fn open(app: &App, code: &str, seats: usize) -> Self {
        let branch = app.branch(code).await;
        let zone = json!({ "name": "Quiet" });
        let zone = app
            .post("owner", &format!("/branches/{branch}/zones"), zone)
            .await
            .expect(201)
            .id();
        let labels: Vec<String> = (1..=seats).map(|n| format!("{code}-{n:03}")).collect();
        let body = json!({ "zone_id": zone, "labels": labels, "power": true });
        let path = format!("/branches/{branch}/seats");
        let made = app.post("owner", &path, body).await.expect(201).json();
        let id = |seat: &Value| seat["id"].as_str().unwrap().to_owned();
        let seats = made["items"].as_array().unwrap().iter().map(id).collect();
        Self {
            branch,
            zone,
            seats,
        }
    }

    /// A shift of every day.
    pub(crate) async fn shift(&self, app: &App, name: &str, start: u32, end: u32) -> String {
        self.shift_on(
            app,
            name,
            start,
            end,
            json!(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
        )
        .await
    }

    pub(crate) async fn shift_on(
        &self,
        app: &App,
        name: &str,
        start: u32,
        end: u32,
        days: Value,
    ) -> String {
        let body = json!({ "name": name, "start_minute": start, "end_minute": end, "days": days });
        let path = format!("/branches/{}/shifts", self.branch);
        app.post("owner", &path, body).await.expect(201).id()
    }

    /// Asks to hold a seat.
    pub(crate) async fn hold(
        &self,
        app: &App,
        seat: &str,
        shift: &str,
        from: &str,
        until: &str,
    ) -> Answer {
        let body = json!({ "seat_id": seat, "shift_id": shift, "from": from, "until": until });
        app.post("owner", &format!("/branches/{}/claims", self.branch), body)
            .await
    }
}

both_engines! {
    async fn zones_seats_and_shifts_are_added_changed_and_removed(engine: Engine) {
        let app = App::new(engine).await;
        let hall = Hall::open(&app, "A", 3).await;
        let (branch, zone) = (&hall.branch, &hall.zone);
        let zones = format!("/branches/{branch}/zones");
        assert_eq!(app.post("owner", &zones, json!({ "name": "QUIET" })).await.refused(409), "zone_name_taken");
        let other = app.post("owner", &zones, json!({ "name": "Window row", "position": 2 })).await.expect(201);
        assert_eq!(other.header("etag"), "\"v1\"");
        let listed = app.get("owner", &zones).await.expect(200).json();
        assert_eq!(listed["items"][1]["name"], "Window row");

        let seats = format!("/branches/{branch}/seats");
        let again = json!({ "zone_id": zone, "labels": ["A-004", "a-002"] });
        let taken = app.post("owner", &seats, again).await.expect(409).json();
        assert_eq!((&taken["code"], &taken["label"]), (&json!("seat_label_taken"), &json!("a-002")));
        app.post("owner", &seats, json!({ "zone_id": zone, "labels": [] })).await.expect(422);
        assert_eq!(app.get("owner", &seats).await.json()["items"].as_array().unwrap().len(), 3);

        let seat = format!("/seats/{}", hall.seats[0]);
        let patch = |change: Value, version| app.ask("owner", "PATCH", &seat).version(version).json(&change).send();
        let moved = patch(json!({ "zone_id": other.id(), "ac": true, "status": "out_of_service" }), 1).await.expect(200).json();
        assert_eq!((&moved["ac"], &moved["power"], &moved["status"]), (&json!(true), &json!(true), &json!("out_of_service")));
        patch(json!({ "ac": false }), 1).await.expect(412);
        let foreign = Hall::open(&app, "B", 1).await;
        assert_eq!(patch(json!({ "zone_id": foreign.zone }), 2).await.refused(422), "zone_unknown");

        let delete = |path: String, version| app.ask("owner", "DELETE", &path).version(version).send();
        assert_eq!(delete(format!("/zones/{}", other.id()), 1).await.refused(409), "zone_not_empty");
        delete(seat.clone(), 2).await.expect(204);
        delete(format!("/zones/{}", other.id()), 1).await.expect(204);
        app.get("owner", &seat).await.expect(404);
        assert_eq!(delete(format!("/branches/{branch}"), 1).await.refused(409), "branch_not_empty");

        let shifts = format!("/branches/{branch}/shifts");
        let night = hall.shift(&app, "Night", 1320, 360).await;
        let same = json!({ "name": "night", "start_minute": 0, "end_minute": 1440 });
        assert_eq!(app.post("owner", &shifts, same).await.refused(409), "shift_name_taken");
        for bad in [json!({ "days": [] }), json!({ "days": ["mon", "mon"] }), json!({ "start_minute": 1440 }), json!({ "end_minute": 0 })] {
            let mut body = json!({ "name": "X", "start_minute": 0, "end_minute": 60 });
            body.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
            app.post("owner", &shifts, body).await.expect(422);
        }
        let path = format!("/shifts/{night}");
        let read = app.get("owner", &path).await.expect(200).json();
        assert_eq!((&read["start_minute"], &read["end_minute"]), (&json!(1320), &json!(360)));
        let held = hall.hold(&app, &hall.seats[1], &night, "2026-01-06", "2026-01-08").await.expect(201).id();
        let later = app.ask("owner", "PATCH", &path).version(1).json(&json!({ "start_minute": 1380 })).send().await;
        assert_eq!(later.refused(409), "shift_in_use");
        app.ask("owner", "PATCH", &path).version(1).json(&json!({ "name": "Late" })).send().await.expect(200);
        assert_eq!(delete(path.clone(), 2).await.refused(409), "shift_in_use");
        assert_eq!(delete(format!("/seats/{}", hall.seats[1]), 1).await.refused(409), "seat_in_use");
        app.ask("owner", "DELETE", &format!("/claims/{held}")).send().await.expect(204);
        delete(path, 2).await.expect(204);
        delete(format!("/seats/{}", hall.seats[1]), 1).await.expect(204);
    }

    async fn the_map_is_drawn_over_the_version_one_saw(engine: Engine) {
        let app = App::new(engine).await;
        let hall = Hall::open(&app, "A", 2).await;
        let foreign = Hall::open(&app, "B", 1).await;
        let path = format!("/branches/{}/seat-map", hall.branch);
        let empty = app.get("owner", &path).await.expect(200);
        assert_eq!((empty.header("etag"), &empty.json()["drawing"]["seats"]), ("\"v0\"", &json!([])));
        let placed = |seats: &[&String]| {
            let place = |seat: &&String| json!({ "seat_id": seat, "x": 10, "y": 20, "turned": 90 });
            json!({
                "width": 400, "height": 300, "seats": seats.iter().map(place).collect::<Vec<_>>(),
                "shapes": [{ "kind": "wall", "x": 0, "y": 0, "width": 400, "height": 4, "text": null }],
            })
        };
        let draw = |body: Value, version| app.ask("owner", "PUT", &path).version(version).json(&body).send();
        let both = placed(&[&hall.seats[0], &hall.seats[1]]);
        let drawn = draw(both.clone(), 0).await.expect(200);
        assert_eq!((drawn.header("etag"), &drawn.json()["drawing"]), ("\"v1\"", &both));
        draw(both.clone(), 0).await.expect(412);
        assert_eq!(draw(placed(&[&foreign.seats[0]]), 1).await.refused(422), "seat_unknown");
        let twice = draw(placed(&[&hall.seats[0], &hall.seats[0]]), 1).await.expect(422).json();
        assert_eq!(twice["errors"][0]["code"], "seat_twice", "{twice}");
        app.ask("owner", "DELETE", &format!("/seats/{}", hall.seats[1])).version(1).send().await.expect(204);
        let left = app.get("owner", &path).await.json();
        assert_eq!(left["drawing"]["seats"].as_array().unwrap().len(), 1);
        draw(placed(&[&hall.seats[0]]), 1).await.expect(200);
    }

    async fn rules_have_versions_and_make_sense(engine: Engine) {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        let path = format!("/branches/{branch}/policy");
        let first = app.get("owner", &path).await.expect(200);
        assert_eq!((first.header("etag"), &first.json()["rules"]["hold_minutes"]), ("\"v0\"", &json!(10)));
        let mut rules = first.json()["rules"].clone();
        rules["hold_minutes"] = json!(3);
        let put = |rules: &Value, version| app.ask("owner", "PUT", &path).version(version).json(rules).send();
        assert_eq!(put(&rules, 0).await.expect(200).json()["version"], 1);
        put(&rules, 0).await.expect(412);
        let mut wrong = rules.clone();
        wrong["refund_ladder"] = json!([{ "days": 5, "percent": 50 }, { "days": 3, "percent": 25 }]);
        assert_eq!(put(&wrong, 1).await.expect(422).json()["errors"][0]["code"], "ladder_order");
        wrong["refund_ladder"] = json!([{ "days": 5, "percent": 101 }]);
        put(&wrong, 1).await.expect(422);
        assert_eq!(put(&rules, 1).await.expect(200).header("etag"), "\"v2\"");
    }

    async fn one_sees_and_changes_only_seats_within_reach(engine: Engine) {
        let app = App::new(engine).await;
        let (a, b) = (Hall::open(&app, "A", 1).await, Hall::open(&app, "B", 1).await);
        let night = b.shift(&app, "Night", 1320, 360).await;
        let claim = b.hold(&app, &b.seats[0], &night, "2026-01-06", "2026-01-08").await.expect(201).id();
        let who = format!("manager.{}", a.branch);
        for kind in ["zones", "seats", "seats/now", "shifts", "closures", "policy", "seat-map", "claims", "availability?from=2026-01-05&until=2026-01-06"] {
            app.get(&who, &format!("/branches/{}/{kind}", a.branch)).await.expect(200);
            app.get(&who, &format!("/branches/{}/{kind}", b.branch)).await.expect(404);
        }
        for path in [format!("/zones/{}", b.zone), format!("/seats/{}", b.seats[0]), format!("/shifts/{night}"), format!("/claims/{claim}")] {
            app.get(&who, &path).await.expect(404);
            app.ask(&who, "DELETE", &path).version(1).send().await.expect(404);
        }
        let desk = format!("receptionist.{}", a.branch);
        let body = json!({ "name": "More" });
        app.post(&desk, &format!("/branches/{}/zones", a.branch), body).await.expect(403);
        app.get("viewer", &format!("/branches/{}/seats", a.branch)).await.expect(200);
    }
}
