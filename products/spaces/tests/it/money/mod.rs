//! Money at the desk, through the routes.

mod books;
mod close;
mod dues;
mod papers;
mod payments;
mod prices;
mod random;
mod settings;

use gantry_ledger::{Report, Verifier};
use gantry_testkit::Engine;
use serde_json::{Value, json};

use crate::app::App;

/// A branch with a student and a plan of 1,180.00 a month.
pub(crate) struct Desk {
    pub(crate) app: App,
    pub(crate) branch: String,
    pub(crate) student: String,
    pub(crate) plan: String,
}

impl Desk {
    pub(crate) async fn open(engine: Engine) -> Self {
        let app = App::new(engine).await;
        let branch = app.branch("A").await;
        let student = app.student(&branch, "Asha Rao", "9000000001").await;
        let student = student["id"].as_str().unwrap().to_owned();
        let plan = plan(
            &app,
            &branch,
            "Monthly",
            json!({ "period": "monthly", "price": 118_000 }),
        )
        .await;
        Self {
            app,
            branch,
            student,
            plan,
        }
    }

    /// The hall is registered in Maharashtra.
    pub(crate) async fn register(&self) {
        let body = json!({ "legal_name": "Asha Halls LLP", "address": "1 MG Road, Pune", "gstin": "27AAPFU0939F1ZV", "prefix": "PUN" });
        let path = format!("/branches/{}/billing", self.branch);
        self.app
            .ask("owner", "PUT", &path)
            .json(&body)
            .send()
            .await
            .expect(200);
    }

    /// What is decided about money from now on.
    pub(crate) async fn decide(&self, change: Value) {
        let now = self.app.get("owner", "/money-settings").await.expect(200);
        let version = now.json()["version"].as_u64().unwrap();
        let mut body = json!({ "currency": "INR" });
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let put = self
            .app
            .ask("owner", "PUT", "/money-settings")
            .version(u32::try_from(version).unwrap());
        put.json(&body).send().await.expect(200);
    }

    /// A quote for this span of the plan, as a charge names it.
    pub(crate) fn ask(&self, span: &Value) -> Value {
        json!({ "branch_id": self.branch, "plan_id": self.plan, "span": span })
    }

    /// Charges the student one month; the dues.
    pub(crate) async fn charge(&self) -> Vec<Value> {
        let ask = self.ask(&json!({ "periods": { "from": "2026-01-05", "periods": 1 } }));
        let body = json!({ "student_id": self.student, "for_what": { "plan": ask } });
        let charged = self
            .app
            .post("owner", "/dues", body)
            .await
            .expect(201)
            .json();
        charged["dues"].as_array().unwrap().clone()
    }

    /// Charges something else at a price; the dues.
    pub(crate) async fn charge_other(&self, price: i64, more: Value) -> Value {
        let other = json!({ "branch_id": self.branch, "title": "Locker key", "price": price, "pricing": "inclusive", "rate": 1800 });
        let mut body = json!({ "student_id": self.student, "for_what": { "other": other } });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.app
            .post("owner", "/dues", body)
            .await
            .expect(201)
            .json()
    }

    /// What a payment names.
    pub(crate) fn cash(&self, amount: i64) -> Value {
        json!({ "branch_id": self.branch, "student_id": self.student, "method": "cash", "amount": amount })
    }

    /// Where the student stands in the branch: owed, advance, deposit.
    pub(crate) async fn standing(&self) -> [i64; 3] {
        let path = format!("/students/{}/account", self.student);
        let account = self.app.get("owner", &path).await.expect(200).json();
        let here = account["branches"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["branch_id"] == self.branch.as_str());
        ["owed", "advance", "deposit"].map(|part| here.map_or(0, |row| row[part].as_i64().unwrap()))
    }

    pub(crate) async fn due(&self, id: &Value) -> Value {
        let path = format!("/dues/{}", id.as_str().unwrap());
        self.app.get("owner", &path).await.expect(200).json()
    }

    /// Reads the whole book.
    pub(crate) async fn verify(&self) -> Report {
        let mut verifier = Verifier::new();
        while self
            .app
            .db
            .read(async |tx| verifier.page(tx).await)
            .await
            .unwrap()
        {}
        verifier.report()
    }
}

/// A plan of a branch with these terms; its id.
pub(crate) async fn plan(app: &App, branch: &str, name: &str, terms: Value) -> String {
    let body = json!({ "branch_id": branch, "name": name, "terms": terms });
    app.post("owner", "/fee-plans", body).await.expect(201).id()
}
