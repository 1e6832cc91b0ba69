//! Closing the day, and the figures that follow from it.

use std::time::Duration;

use gantry_testkit::both_engines;
use serde_json::{Value, json};

use super::Desk;

fn of<'a>(counts: &'a Value, method: &str) -> &'a Value {
    counts
        .as_array()
        .unwrap()
        .iter()
        .find(|count| count["method"] == method)
        .unwrap()
}

both_engines! {
    async fn a_day_is_closed_once_and_what_comes_after_counts_for_the_next(engine: Engine) {
        let desk = Desk::open(engine).await;
        let drawer = format!("/branches/{}/drawer", desk.branch);
        let closes = format!("/branches/{}/day-closes", desk.branch);
        desk.app.post("receptionist", &format!("{drawer}/floats"), json!({ "amount": 50_000 })).await.expect(200);
        desk.app.post("receptionist", "/payments", desk.cash(118_000)).await.expect(201);
        let mut upi = desk.cash(20_000);
        upi["method"] = json!("upi");
        upi["reference"] = json!("U1");
        desk.app.post("receptionist", "/payments", upi).await.expect(201);
        // Somebody else's drawer is their own.
        desk.app.post("owner", "/payments", desk.cash(999)).await.expect(201);
        let expense = json!({ "branch_id": desk.branch, "category": "supplies", "method": "cash", "amount": 3_000, "note": "tea" });
        desk.app.post("owner", "/expenses", expense).await.expect(201);
        let seen = desk.app.get("receptionist", &drawer).await.expect(200).json();
        assert_eq!((&of(&seen["expected"], "cash")["expected"], &of(&seen["expected"], "upi")["expected"]), (&json!(168_000), &json!(20_000)));

        let counted = |cash: i64| json!([{ "method": "cash", "amount": cash }, { "method": "upi", "amount": 20_000 }]);
        let silent = desk.app.post("receptionist", &closes, json!({ "counted": counted(167_000), "left_in": 50_000 })).await;
        silent.expect(422);
        let body = json!({ "counted": counted(167_000), "left_in": 170_000, "reason": "x" });
        assert_eq!(desk.app.post("receptionist", &closes, body).await.refused(409), "more_than_is_left");
        let body = json!({ "counted": counted(167_000), "left_in": 50_000, "reason": "wrong change" });
        let ahead = json!({ "counted": counted(1), "on_day": "2026-01-06" });
        assert_eq!(desk.app.post("receptionist", &closes, ahead).await.refused(409), "day_not_open");
        let closed = desk.app.post("receptionist", &closes, body.clone()).await.expect(201).json();
        let cash = of(&closed["counts"], "cash");
        assert_eq!((&cash["expected"], &cash["counted"], &cash["difference"]), (&json!(168_000), &json!(167_000), &json!(-1_000)));
        assert_eq!(desk.app.post("receptionist", &closes, body).await.refused(409), "day_not_open");

        let late = desk.app.post("receptionist", "/payments", desk.cash(7_000)).await.expect(201).json();
        assert_eq!(late["on_day"], "2026-01-06");
        let seen = desk.app.get("receptionist", &drawer).await.expect(200).json();
        let cash = of(&seen["expected"], "cash");
        assert_eq!((&cash["opening"], &cash["taken"], &cash["expected"]), (&json!(50_000), &json!(7_000), &json!(57_000)));
        assert_eq!((&seen["on_day"], &of(&seen["expected"], "upi")["expected"]), (&json!("2026-01-06"), &json!(0)));
        desk.app.clock.advance(Duration::from_hours(24));
        let body = json!({ "counted": [{ "method": "cash", "amount": 57_000 }], "left_in": 0 });
        desk.app.post("receptionist", &closes, body).await.expect(201);
        assert_eq!(desk.app.all("owner", "/day-closes").await.len(), 2);
        assert_eq!(desk.verify().await.faults, []);
    }

    async fn of_many_closes_at_once_one_counts(engine: Engine) {
        let desk = Desk::open(engine).await;
        desk.app.post("receptionist", "/payments", desk.cash(1_000)).await.expect(201);
        let closes = format!("/branches/{}/day-closes", desk.branch);
        let body = json!({ "counted": [{ "method": "cash", "amount": 1_000 }] });
        let answers = futures_util::future::join_all((0..8).map(|_| desk.app.post("receptionist", &closes, body.clone()))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        assert_eq!(desk.verify().await.faults, []);
    }

    /// Hand-computed: see the amounts beside each line.
    async fn the_figures_are_what_their_definitions_say(engine: Engine) {
        let desk = Desk::open(engine).await;
        desk.register().await;
        desk.charge().await; // 1180.00, of which 1000.00 without tax
        let second = desk.charge_other(23_600, json!({ "due_on": "2026-02-10" })).await["dues"][0].clone(); // 236.00, 200.00
        desk.app.post("owner", "/payments", desk.cash(118_000)).await.expect(201);
        let mut upi = desk.cash(11_800);
        upi["method"] = json!("upi");
        upi["reference"] = json!("U1");
        desk.app.post("owner", "/payments", upi).await.expect(201);
        // Half of the second is credited: 118.00, all that is left of it.
        let credit = format!("/dues/{}/credit", second["id"].as_str().unwrap());
        desk.app.post("owner", &credit, json!({ "amount": 11_800, "reason": "half" })).await.expect(200);
        desk.app.post("owner", "/payments", desk.cash(5_000)).await.expect(201); // paid ahead
        let refund = json!({ "branch_id": desk.branch, "student_id": desk.student, "source": "advance", "method": "cash",
                             "amount": 2_000, "reason": "asked for" });
        desk.app.post("owner", "/refunds", refund).await.expect(201);

        let days = "from=2026-01-01&until=2026-01-31";
        let collected = desk.app.get("accountant", &format!("/reports/collections?{days}")).await.expect(200).json();
        let row = |method: &str| {
            let row = of(&collected["rows"], method);
            (row["taken"].as_i64().unwrap(), row["refunded"].as_i64().unwrap(), row["net"].as_i64().unwrap())
        };
        assert_eq!((row("cash"), row("upi")), ((123_000, 2_000, 121_000), (11_800, 0, 11_800)));
        let earned = desk.app.get("accountant", &format!("/reports/earnings?{days}")).await.expect(200).json();
        let amount = |subject: &str| {
            earned["rows"].as_array().unwrap().iter().find(|row| row["subject"] == subject).unwrap()["amount"].clone()
        };
        assert_eq!((amount(&desk.plan), amount("other")), (json!(100_000), json!(10_000)));
        // Due in January: 1180.00, paid. In February: 236.00 less 118.00 credited, paid.
        let rate = async |days: &str| desk.app.get("accountant", &format!("/reports/collection-rate?{days}")).await.expect(200).json();
        assert_eq!(rate(days).await, json!({ "due": 118_000, "paid": 118_000, "rate": 10_000 }));
        assert_eq!(rate("from=2026-02-01&until=2026-02-28").await, json!({ "due": 11_800, "paid": 11_800, "rate": 10_000 }));
        desk.charge_other(40_000, json!({ "due_on": "2026-01-05" })).await;
        desk.app.clock.advance(Duration::from_hours(24 * 10));
        let ageing = desk.app.get("accountant", "/reports/dues-ageing").await.expect(200).json();
        assert_eq!((&ageing["branches"][0]["ageing"]["days_8_to_30"], &ageing["branches"][0]["ageing"]["total"]), (&json!(40_000), &json!(40_000)));
        // 1180.00 of 1580.00: 74.68 %, rounded down.
        assert_eq!(rate(days).await, json!({ "due": 158_000, "paid": 118_000, "rate": 7_468 }));
        desk.app.get("receptionist", &format!("/reports/collections?{days}")).await.expect(403);
        let other = desk.app.branch("B").await;
        let narrow = format!("accountant.{other}");
        let none = desk.app.get(&narrow, &format!("/reports/collections?{days}")).await.expect(200).json();
        assert_eq!(none["rows"], json!([]));
    }

    async fn files_run_nothing_in_a_spreadsheet(engine: Engine) {
        let desk = Desk::open(engine).await;
        let student = desk.app.student(&desk.branch, "=HYPERLINK(1)", "9000000009").await;
        let other = json!({ "branch_id": desk.branch, "title": "+cmd|x", "price": 123_456, "pricing": "inclusive", "rate": 0 });
        let body = json!({ "student_id": student["id"], "for_what": { "other": other } });
        desk.app.post("owner", "/dues", body).await.expect(201);
        let mut pay = desk.cash(1_000);
        pay["method"] = json!("cheque");
        pay["reference"] = json!("@SUM(1)");
        pay["student_id"] = student["id"].clone();
        desk.app.post("owner", "/payments", pay).await.expect(201);
        let dues = desk.app.get("owner", "/dues/export.csv").await.expect(200).text();
        assert!(dues.contains("\"'=HYPERLINK(1)\"") && dues.contains("\"'+cmd|x\"") && dues.contains("\"1,234.56\",\"1,224.56\""), "{dues}");
        let payments = desk.app.get("owner", "/payments/export.csv").await.expect(200).text();
        assert!(payments.contains("\"'@SUM(1)\"") && payments.contains("\"10.00\""), "{payments}");
        desk.app.get("receptionist", "/payments/export.csv").await.expect(403);
    }
}
