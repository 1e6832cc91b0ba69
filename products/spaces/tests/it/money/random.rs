//! Random acts at the desk against a model that keeps sums in memory.

use gantry_testkit::both_engines;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::Desk;

#[derive(Debug, Clone)]
enum Act {
    Charge(i64),
    Pay(i64),
    UseAdvance,
    Waive(usize, i64),
    Credit(usize, i64),
    Refund(i64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (1_i64..50_000).prop_map(Act::Charge),
        4 => (1_i64..40_000).prop_map(Act::Pay),
        1 => Just(Act::UseAdvance),
        1 => (0_usize..20, 1_i64..20_000).prop_map(|(at, amount)| Act::Waive(at, amount)),
        2 => (0_usize..20, 1_i64..30_000).prop_map(|(at, amount)| Act::Credit(at, amount)),
        1 => (1_i64..20_000).prop_map(Act::Refund),
    ];
    proptest::collection::vec(act, 40..60)
}

/// A due as the model knows it: what is left, and what can still be credited.
#[derive(Debug, Clone, Copy)]
struct Known {
    left: i64,
    creditable: i64,
}

#[derive(Debug, Default)]
struct Model {
    dues: Vec<(Value, Known)>,
    advance: i64,
    cash: i64,
    income: i64,
}

impl Model {
    fn owed(&self) -> i64 {
        self.dues.iter().map(|due| due.1.left).sum()
    }

    /// Pays the oldest first; what is over.
    fn settle(&mut self, mut amount: i64) -> i64 {
        for (_, due) in &mut self.dues {
            let part = amount.min(due.left);
            due.left -= part;
            amount -= part;
        }
        amount
    }
}

async fn act(desk: &Desk, model: &mut Model, act: &Act) {
    match *act {
        Act::Charge(price) => {
            let due = desk.charge_other(price, json!({})).await["dues"][0].clone();
            model.dues.push((
                due["id"].clone(),
                Known {
                    left: price,
                    creditable: price,
                },
            ));
            model.income += price;
        }
        Act::Pay(amount) => {
            desk.app
                .post("owner", "/payments", desk.cash(amount))
                .await
                .expect(201);
            model.advance += model.settle(amount);
            model.cash += amount;
        }
        Act::UseAdvance => {
            let path = format!("/students/{}/advance-uses", desk.student);
            desk.app
                .post("owner", &path, json!({ "branch_id": desk.branch }))
                .await
                .expect(200);
            let part = model.advance.min(model.owed());
            model.settle(part);
            model.advance -= part;
        }
        Act::Waive(at, amount) => {
            let Some((id, due)) = model.dues.get_mut(at) else {
                return;
            };
            let path = format!("/dues/{}/waiver", id.as_str().unwrap());
            let may = amount <= due.left;
            let body = json!({ "amount": amount, "reason": "as the model asks" });
            desk.app
                .post("owner", &path, body)
                .await
                .expect(if may { 200 } else { 409 });
            if may {
                due.left -= amount;
                due.creditable -= amount;
            }
        }
        Act::Credit(at, amount) => {
            let Some((id, due)) = model.dues.get_mut(at) else {
                return;
            };
            let path = format!("/dues/{}/credit", id.as_str().unwrap());
            let may = amount <= due.creditable;
            let body = json!({ "amount": amount, "reason": "as the model asks" });
            desk.app
                .post("owner", &path, body)
                .await
                .expect(if may { 200 } else { 409 });
            if may {
                let off = amount.min(due.left);
                due.left -= off;
                due.creditable -= amount;
                model.advance += amount - off;
                model.income -= amount;
            }
        }
        Act::Refund(amount) => {
            let may = amount <= model.advance;
            let body = json!({ "branch_id": desk.branch, "student_id": desk.student, "source": "advance", "method": "cash",
                               "amount": amount, "reason": "as the model asks" });
            desk.app
                .post("owner", "/refunds", body)
                .await
                .expect(if may { 201 } else { 409 });
            if may {
                model.advance -= amount;
                model.cash -= amount;
            }
        }
    }
}

both_engines! {
    async fn the_books_agree_with_a_model(engine: Engine) {
        let mut runner = TestRunner::deterministic();
        for _ in 0..2 {
            let desk = Desk::open(engine).await;
            let mut model = Model::default();
            for next in acts().new_tree(&mut runner).unwrap().current() {
                act(&desk, &mut model, &next).await;
                assert_eq!(desk.standing().await, [model.owed(), model.advance, 0], "{next:?}");
            }
            for (id, due) in &model.dues {
                let stored = desk.due(id).await;
                assert_eq!((&stored["left"], &stored["open"]), (&json!(due.left), &json!(due.left > 0)));
            }
            let drawer = desk.app.get("owner", &format!("/branches/{}/drawer", desk.branch)).await.expect(200).json();
            assert_eq!(drawer["expected"][0]["expected"], model.cash);
            let earned = desk.app.get("owner", "/reports/earnings?from=2026-01-01&until=2026-12-31").await.expect(200).json();
            let sum: i64 = earned["rows"].as_array().unwrap().iter().map(|row| row["amount"].as_i64().unwrap()).sum();
            assert_eq!(sum, model.income);
            assert_eq!(desk.verify().await.faults, []);
            // Every series is whole.
            for kind in ["invoice", "receipt", "credit_note"] {
                let found = desk.app.all("owner", &format!("/billing-documents?kind={kind}")).await;
                let mut numbers: Vec<i64> = found.iter().map(|d| d["number"].as_str().unwrap().rsplit('/').next().unwrap().parse().unwrap()).collect();
                numbers.sort_unstable();
                let whole: Vec<i64> = (1..).take(numbers.len()).collect();
                assert_eq!(numbers, whole, "{kind}");
            }
        }
    }
}
