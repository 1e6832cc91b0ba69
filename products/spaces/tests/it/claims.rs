//! Holding, giving and taking back seats; what is free; what expires.

use std::time::Duration;

use gantry_testkit::both_engines;
use serde_json::{Value, json};

use crate::app::App;
use crate::seating::Hall;

/// What of a shift is free, held and taken on a seat, as pairs of dates.
async fn days(app: &App, hall: &Hall, window: &str, shift: &str, seat: usize) -> Value {
    let path = format!(
        "/branches/{}/availability?{window}&shift={shift}",
        hall.branch
    );
    let found = app.get("viewer", &path).await.expect(200).json();
    let row = found["seats"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["seat_id"] == hall.seats[seat].as_str());
    let row = row.unwrap()["shifts"][0].clone();
    let pairs = |name: &str| -> Vec<String> {
        let ranges = row[name].as_array().into_iter().flatten();
        ranges
            .map(|range| {
                format!(
                    "{}..{}",
                    &range["from"].as_str().unwrap()[5..],
                    &range["until"].as_str().unwrap()[5..]
                )
            })
            .collect()
    };
    json!([pairs("free"), pairs("held"), pairs("taken")])
}

both_engines! {
    async fn a_seat_is_held_given_and_taken_back(engine: Engine) {
        let app = App::new(engine).await;
        let hall = Hall::open(&app, "A", 3).await;
        let morning = hall.shift(&app, "Morning", 360, 720).await;
        let day = hall.shift(&app, "Day", 600, 1200).await;
        let evening = hall.shift(&app, "Evening", 720, 1200).await;
        let student = app.student(&hall.branch, "Asha Rao", "9000000001").await;
        let student = student["id"].as_str().unwrap();
        let seat = &hall.seats[0];
        let held = hall.hold(&app, seat, &morning, "2026-01-10", "2026-02-10").await.expect(201).json();
        assert_eq!((&held["state"], &held["expires_at"]), (&json!("held"), &json!("2026-01-05T09:10:00Z")));
        // The same hours, and hours that overlap, on a date in both; not the hours after, nor the date after.
        for (shift, from, until) in [(&morning, "2026-02-09", "2026-02-10"), (&day, "2026-01-05", "2026-01-11")] {
            let refused = hall.hold(&app, seat, shift, from, until).await.expect(409).json();
            assert_eq!(refused["code"], "seat_taken");
            assert_eq!(refused["free_nearby"], json!([hall.seats[1], hall.seats[2]]));
        }
        hall.hold(&app, seat, &evening, "2026-01-10", "2026-02-10").await.expect(201);
        hall.hold(&app, seat, &morning, "2026-02-10", "2026-02-11").await.expect(201);
        hall.hold(&app, seat, &morning, "2026-01-09", "2026-01-10").await.expect(201);

        let window = "from=2026-01-08&until=2026-01-15";
        assert_eq!(days(&app, &hall, window, &day, 0).await, json!([["01-08..01-09"], ["01-09..01-15"], []]));
        let path = format!("/claims/{}", held["id"].as_str().unwrap());
        let confirm = |student: &str| {
            let body = json!({ "student_id": student });
            app.ask("receptionist", "POST", &format!("{path}/confirmation")).json(&body).send()
        };
        let elsewhere = app.branch("B").await;
        let stranger = app.student(&elsewhere, "Ravi", "9000000002").await;
        assert_eq!(confirm(stranger["id"].as_str().unwrap()).await.refused(422), "student_unknown");
        let given = confirm(student).await.expect(200).json();
        assert_eq!((&given["state"], &given["student_id"], &given["expires_at"]), (&json!("taken"), &json!(student), &json!(null)));
        assert_eq!(confirm(student).await.refused(409), "not_a_hold");
        assert_eq!(days(&app, &hall, window, &morning, 0).await, json!([["01-08..01-09"], ["01-09..01-10"], ["01-10..01-15"]]));
        let claims = format!("/branches/{}/claims", hall.branch);
        assert_eq!(app.all("owner", &format!("{claims}?student={student}")).await.len(), 1);
        assert_eq!(app.all("owner", &format!("{claims}?on=2026-01-12")).await.len(), 2);
        assert_eq!(app.all("owner", &format!("{claims}?state=held&seat={seat}")).await.len(), 3);
        // Who has had a seat stays in the books.
        let delete = app.ask("owner", "DELETE", &format!("/students/{student}")).version(1);
        assert_eq!(delete.send().await.refused(409), "student_in_use");
        app.ask("receptionist", "DELETE", &path).send().await.expect(204);
        app.get("owner", &path).await.expect(404);
        hall.hold(&app, seat, &morning, "2026-01-10", "2026-02-10").await.expect(201);
    }

    async fn nights_and_weekdays_meet_only_where_they_do(engine: Engine) {
        let app = App::new(engine).await;
        let hall = Hall::open(&app, "A", 1).await;
        let night = hall.shift_on(&app, "Night", 1320, 360, json!(["fri"])).await;
        let dawn = hall.shift(&app, "Dawn", 300, 600).await;
        let weekend = hall.shift_on(&app, "Weekend", 0, 1440, json!(["sat", "sun"])).await;
        let full = hall.shift(&app, "Full", 360, 360).await;
        let seat = &hall.seats[0];
        // A month of Friday nights, the first on 2026-01-09.
        hall.hold(&app, seat, &night, "2026-01-05", "2026-02-05").await.expect(201);
        hall.hold(&app, seat, &dawn, "2026-01-05", "2026-01-10").await.expect(201);
        // The night that begins on Friday takes the dawn of Saturday.
        assert_eq!(hall.hold(&app, seat, &dawn, "2026-01-10", "2026-01-11").await.refused(409), "seat_taken");
        hall.hold(&app, seat, &dawn, "2026-01-11", "2026-01-17").await.expect(201);
        assert_eq!(hall.hold(&app, seat, &weekend, "2026-01-12", "2026-01-18").await.refused(409), "seat_taken");
        hall.hold(&app, seat, &weekend, "2026-01-18", "2026-01-19").await.expect(201);
        hall.hold(&app, seat, &full, "2026-02-07", "2026-02-14").await.expect(201);
        let window = "from=2026-01-05&until=2026-02-09";
        let dawns = days(&app, &hall, window, &dawn, 0).await;
        assert_eq!(dawns, json!([
            ["01-19..01-24", "01-25..01-31", "02-01..02-07"],
            ["01-05..01-19", "01-24..01-25", "01-31..02-01", "02-07..02-09"],
            [],
        ]));
        // Days the shift has not are in nobody's way.
        assert_eq!(days(&app, &hall, window, &night, 0).await, json!([["02-06..02-07"], ["01-09..01-31"], []]));
        // From Sunday to Wednesday there is no Friday.
        let refused = hall.hold(&app, seat, &night, "2026-03-01", "2026-03-05").await.expect(422).json();
        assert_eq!(refused["errors"][0]["code"], "no_open_day");
    }

    async fn a_hold_ends_by_itself_and_gives_way_before_the_job_comes(engine: Engine) {
        let app = App::new(engine).await;
        let hall = Hall::open(&app, "A", 2).await;
        let morning = hall.shift(&app, "Morning", 360, 720).await;
        let student = app.student(&hall.branch, "Asha Rao", "9000000001").await;
        let confirm = |claim: &str| {
            let body = json!({ "student_id": student["id"] });
            app.ask("owner", "POST", &format!("/claims/{claim}/confirmation")).json(&body).send()
        };
        let hold = |seat: usize| hall.hold(&app, &hall.seats[seat], &morning, "2026-01-10", "2026-02-10");
        let (first, other) = (hold(0).await.expect(201).id(), hold(1).await.expect(201).id());
        app.clock.advance(Duration::from_secs(10 * 60 - 1));
        app.work().await;
        assert_eq!(hold(0).await.refused(409), "seat_taken");
        app.clock.advance(Duration::from_secs(1));
        // Its place is free for who asks, and it cannot be confirmed any more.
        let window = "from=2026-01-10&until=2026-01-12";
        assert_eq!(days(&app, &hall, window, &morning, 0).await, json!([["01-10..01-12"], [], []]));
        assert_eq!(confirm(&other).await.refused(409), "hold_expired");
        let second = hold(0).await.expect(201).id();
        app.get("owner", &format!("/claims/{first}")).await.expect(404);
        app.get("owner", &format!("/claims/{other}")).await.expect(200);
        app.work().await;
        app.get("owner", &format!("/claims/{other}")).await.expect(404);
        confirm(&second).await.expect(200);
        app.clock.advance(Duration::from_hours(1));
        app.work().await;
        app.get("owner", &format!("/claims/{second}")).await.expect(200);
    }

    async fn what_cannot_be_used_cannot_be_held(engine: Engine) {
        let app = App::new(engine).await;
        let hall = Hall::open(&app, "A", 2).await;
        let foreign = Hall::open(&app, "B", 1).await;
        let morning = hall.shift(&app, "Morning", 360, 720).await;
        let theirs = foreign.shift(&app, "Morning", 360, 720).await;
        let (seat, from, until) = (&hall.seats[0], "2026-01-10", "2026-01-12");
        assert_eq!(hall.hold(&app, &foreign.seats[0], &morning, from, until).await.refused(422), "seat_unknown");
        assert_eq!(hall.hold(&app, seat, &theirs, from, until).await.refused(422), "shift_unknown");
        let fault = async |from: &str, until: &str| {
            let refused = hall.hold(&app, seat, &morning, from, until).await.expect(422).json();
            refused["errors"][0]["code"].as_str().unwrap().to_owned()
        };
        assert_eq!(fault(until, from).await, "range_empty");
        assert_eq!(fault(from, from).await, "range_empty");
        // It is 2026-01-05 in Pune.
        assert_eq!(fault("2026-01-04", until).await, "in_the_past");
        assert_eq!(fault("2026-04-06", "2026-05-01").await, "too_far_ahead");
        assert_eq!(fault(from, "2029-06-01").await, "range_too_long");
        let closures = format!("/branches/{}/closures", hall.branch);
        let shut = json!({ "from": from, "until": until, "reason": "Sankranti", "zone_id": hall.zone });
        let closure = app.post("owner", &closures, shut.clone()).await.expect(201);
        assert_eq!(fault(from, until).await, "no_open_day");
        hall.hold(&app, seat, &morning, from, "2026-01-13").await.expect(201);
        let found = app.get("owner", &format!("/branches/{}/availability?from=2026-01-09&until=2026-01-14", hall.branch)).await.json();
        assert_eq!(found["closed"][0]["zone_id"], hall.zone.as_str());
        // The other seat's range goes on over the holiday.
        assert_eq!(found["seats"][1]["shifts"][0]["free"], json!([{ "from": "2026-01-09", "until": "2026-01-14" }]));
        app.ask("owner", "DELETE", &format!("/closures/{}", closure.id())).version(1).send().await.expect(204);
        let mut wrong = shut;
        wrong["zone_id"] = json!(foreign.zone);
        assert_eq!(app.post("owner", &closures, wrong).await.refused(422), "zone_unknown");

        let out = app.ask("owner", "PATCH", &format!("/seats/{}", hall.seats[1])).version(1);
        out.json(&json!({ "status": "out_of_service" })).send().await.expect(200);
        assert_eq!(hall.hold(&app, &hall.seats[1], &morning, from, until).await.refused(409), "seat_out_of_service");
        let off = app.ask("owner", "PATCH", &format!("/shifts/{morning}")).version(1);
        off.json(&json!({ "active": false })).send().await.expect(200);
        assert_eq!(hall.hold(&app, seat, &morning, from, until).await.refused(409), "shift_inactive");
        let closed = app.ask("owner", "PATCH", &format!("/branches/{}", hall.branch)).version(1);
        closed.json(&json!({ "active": false })).send().await.expect(200);
        assert_eq!(hall.hold(&app, seat, &morning, from, until).await.refused(409), "branch_inactive");
    }

    async fn the_moment_shows_who_sits_where_to_who_may_know(engine: Engine) {
        let app = App::new(engine).await;
        let hall = Hall::open(&app, "A", 3).await;
        let day = hall.shift(&app, "Day", 540, 1080).await;
        let night = hall.shift(&app, "Night", 1320, 360).await;
        let student = app.student(&hall.branch, "Asha Rao", "9000000001").await;
        let held = hall.hold(&app, &hall.seats[0], &day, "2026-01-05", "2026-01-06").await.expect(201).id();
        let body = json!({ "student_id": student["id"] });
        app.post("owner", &format!("/claims/{held}/confirmation"), body.clone()).await.expect(200);
        let nightly = hall.hold(&app, &hall.seats[1], &night, "2026-01-05", "2026-01-06").await.expect(201).id();
        app.post("owner", &format!("/claims/{nightly}/confirmation"), body).await.expect(200);
        let path = format!("/branches/{}/seats/now", hall.branch);
        let seen = app.get("viewer", &path).await.expect(200).json();
        // Nine o'clock in Greenwich is half past two in Pune.
        assert_eq!((&seen["date"], &seen["minute"]), (&json!("2026-01-05"), &json!(870)));
        assert_eq!(seen["occupied"], json!([{
            "seat_id": hall.seats[0], "shift_id": day, "state": "taken", "end_minute": 1080, "claim_id": held,
            "student_id": student["id"],
        }]));
        app.clock.advance(Duration::from_hours(13));
        let seen = app.get("viewer", &path).await.expect(200).json();
        assert_eq!((&seen["date"], &seen["minute"]), (&json!("2026-01-06"), &json!(210)));
        assert_eq!(seen["occupied"][0]["claim_id"], json!(nightly));
        app.clock.advance(Duration::from_hours(3));
        assert_eq!(app.get("viewer", &path).await.json()["occupied"], json!([]));
        // Civil hours stay what they are when the branch's zone changes; the moment is another one.
        let moved = app.ask("owner", "PATCH", &format!("/branches/{}", hall.branch)).version(1);
        moved.json(&json!({ "time_zone": "America/New_York" })).send().await.expect(200);
        let seen = app.get("viewer", &path).await.json();
        assert_eq!((&seen["date"], &seen["minute"]), (&json!("2026-01-05"), &json!(1200)));
    }
}
