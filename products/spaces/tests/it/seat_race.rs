//! Many want the same seat at the same moment, and one gets it.

use futures_util::future::join_all;
use gantry_testkit::both_engines;

use crate::app::App;
use crate::seating::Hall;

/// Attempts at once.
const CROWD: usize = 200;

both_engines! {
    async fn of_two_hundred_who_want_a_seat_in_overlapping_shifts_one_gets_it(engine: Engine) {
        let app = App::new(engine).await;
        let hall = Hall::open(&app, "A", 2).await;
        // Each meets each other on any date they share: all of them hold 05:00 to 06:00.
        let mut shifts = Vec::new();
        for (name, start, end) in [
            ("Night", 1320, 360), ("Dawn", 300, 540), ("Full", 300, 300), ("Whole", 0, 1440), ("Early", 240, 361),
        ] {
            shifts.push(hall.shift(&app, name, start, end).await);
        }
        for seat in &hall.seats {
            let attempts = (0..CROWD).map(|n| {
                // Whatever the dates, 2026-02-10 is among them; of a night, 2026-02-09.
                let (from, until) = (format!("2026-02-{:02}", 1 + n % 9), format!("2026-03-{:02}", 1 + n % 28));
                let shift = &shifts[n % shifts.len()];
                let (hall, app) = (&hall, &app);
                async move { hall.hold(app, seat, shift, &from, &until).await }
            });
            let answers = join_all(attempts).await;
            let won = answers.iter().filter(|answer| answer.status == 201).count();
            let mut lost = 0;
            for answer in answers {
                if answer.status != 201 {
                    assert_eq!(answer.refused(409), "seat_taken");
                    lost += 1;
                }
            }
            assert_eq!((won, lost), (1, CROWD - 1));
            let claims = format!("/branches/{}/claims?seat={seat}", hall.branch);
            assert_eq!(app.all("owner", &claims).await.len(), 1);
        }
    }

    async fn of_many_who_confirm_a_hold_one_does(engine: Engine) {
        let app = App::new(engine).await;
        let hall = Hall::open(&app, "A", 1).await;
        let shift = hall.shift(&app, "Day", 0, 1440).await;
        let held = hall.hold(&app, &hall.seats[0], &shift, "2026-02-01", "2026-03-01").await.expect(201).id();
        let mut students = Vec::new();
        for n in 0..20 {
            let student = app.student(&hall.branch, &format!("Student {n}"), &format!("90000000{n:02}")).await;
            students.push(student["id"].clone());
        }
        let path = format!("/claims/{held}/confirmation");
        let attempts = students.iter().map(|student| {
            app.post("owner", &path, serde_json::json!({ "student_id": student }))
        });
        let answers = join_all(attempts).await;
        let winners: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(winners.len(), 1);
        let owner = winners[0].json()["student_id"].clone();
        assert_eq!(app.get("owner", &format!("/claims/{held}")).await.json()["student_id"], owner);
        for answer in answers.into_iter().filter(|answer| answer.status != 200) {
            let code = answer.refused(409);
            assert!(["not_a_hold", "hold_expired"].contains(&code.as_str()), "{code}");
        }
    }
}
