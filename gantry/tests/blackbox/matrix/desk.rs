//! Money at the desk: what stands in every branch for it, what a call uses up, and how each operation is called.

use gantry_testkit::Client;
use serde_json::{Value, json};

use super::cast::Kind;
use super::row::{Fresh, Place, Row};
use super::stage::Stage;

/// Above it a second person approves.
const LIMIT: i64 = 1_000_000;

fn at(place: &Place, path: &str) -> String {
    format!("/api/v1/tenants/{}/spaces{path}", place["tenant"])
}

async fn made(client: &Client, place: &Place, path: &str, body: &Value) -> Value {
    client
        .post(&at(place, path))
        .json(body)
        .await
        .expect(201)
        .value()
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

fn other_charge(place: &Place) -> Value {
    json!({
        "student_id": place["student"],
        "for_what": {"other": {
            "branch_id": place["branch"], "title": "Locker key", "price": 5_000, "pricing": "inclusive", "rate": 1800,
        }},
    })
}

fn cash(place: &Place, amount: i64) -> Value {
    json!({
        "branch_id": place["branch"], "student_id": place["student"], "method": "cash", "amount": amount,
    })
}

fn refund(place: &Place, amount: i64) -> Value {
    json!({
        "branch_id": place["branch"], "student_id": place["student"], "source": "advance", "method": "cash",
        "amount": amount, "reason": "as the matrix asks",
    })
}

fn settings() -> Value {
    json!({"currency": "INR", "approval_limit": LIMIT})
}

/// Something of every kind in the place's branch, by its owner.
pub(super) async fn furnish(owner: &Client, place: &mut Place) {
    let path = at(place, "/money-settings");
    let etag = owner.get(&path).await.expect(200).etag();
    let put = owner.put(&path).if_match(&etag).json(&settings());
    put.await.expect(200).done();
    let serial = place["serial"].clone();
    let plan = json!({
        "branch_id": place["branch"], "name": format!("Plan {serial}"),
        "terms": {"period": "monthly", "price": 100_000},
    });
    let plan = made(owner, place, "/fee-plans", &plan).await;
    place.set("plan", id(&plan));
    let discount = json!({
        "branch_id": place["branch"], "code": format!("OFF{serial}"), "off": {"percent": 500},
        "valid_from": "2020-01-01", "valid_until": "2099-12-31",
    });
    let discount = made(owner, place, "/discounts", &discount).await;
    place.set("discount", id(&discount));
    let charged = made(owner, place, "/dues", &other_charge(place)).await;
    place.set("due", id(&charged["dues"][0]));
    place.set("billing_document", charged["invoice_id"].as_str().unwrap());
    // Pays the due and leaves 400.00 for refunds.
    let payment = made(owner, place, "/payments", &cash(place, 45_000)).await;
    place.set("payment", id(&payment));
    let given = made(owner, place, "/refunds", &refund(place, 100)).await;
    place.set("refund", id(&given));
    let expense = json!({
        "branch_id": place["branch"], "category": "other", "method": "cash", "amount": 100,
    });
    made(owner, place, "/expenses", &expense).await;
    // A due that stays open, so that every list and figure holds something.
    made(owner, place, "/dues", &other_charge(place)).await;
    let yesterday = json!({"counted": [], "on_day": "2020-01-01"});
    let path = format!("/branches/{}/day-closes", place["branch"]);
    made(owner, place, &path, &yesterday).await;
}

impl Stage {
    /// Makes what a call about money uses up.
    pub(super) async fn freshen_desk(&self, fresh: Fresh, place: &mut Place) {
        let owner = &self.owner().client;
        match fresh {
            Fresh::Due => {
                let charged = made(owner, place, "/dues", &other_charge(place)).await;
                place.set("due", id(&charged["dues"][0]));
            }
            Fresh::Waiting => {
                let desk = self.actor(&Kind::over_all("spaces.receptionist"));
                let pending = made(&desk.client, place, "/payments", &cash(place, LIMIT + 1)).await;
                place.set("payment", id(&pending));
            }
            Fresh::WaitingRefund => {
                let paid = cash(place, LIMIT);
                made(owner, place, "/payments", &paid).await;
                made(owner, place, "/payments", &paid).await;
                let desk = self.actor(&Kind::over_all("spaces.accountant"));
                let pending =
                    made(&desk.client, place, "/refunds", &refund(place, LIMIT + 1)).await;
                place.set("refund", id(&pending));
            }
            _ => unreachable!("made elsewhere"),
        }
    }
}

fn quote(place: &Place) -> Value {
    json!({
        "branch_id": place["branch"], "plan_id": place["plan"],
        "span": {"periods": {"from": "2026-01-05", "periods": 1}},
    })
}

/// The things of [`furnish`] that belong to a branch.
pub(super) const THINGS: [&str; 6] = [
    "plan",
    "discount",
    "due",
    "billing_document",
    "payment",
    "refund",
];

/// Operations that write nothing into control's log, as those of `halls`.
pub(super) const OF_THE_PRODUCT: &[&str] = &[
    "put_money_settings",
    "put_billing_profile",
    "create_fee_plan",
    "update_fee_plan",
    "create_discount",
    "update_discount",
    "charge_student",
    "waive_due",
    "credit_due",
    "take_payment",
    "approve_payment",
    "reject_payment",
    "put_float",
    "close_day",
    "make_refund",
    "approve_refund",
    "reject_refund",
    "enter_expense",
];

/// How operations about money are called.
pub(super) fn rows() -> Vec<Row> {
    [fees(), desk(), back_office()]
        .into_iter()
        .flatten()
        .collect()
}

fn fees() -> Vec<Row> {
    vec![
        Row::new("get_money_settings"),
        Row::new("put_money_settings")
            .json(|_| settings())
            .versioned("get_money_settings"),
        Row::new("get_billing_profile").shows("branch"),
        Row::new("put_billing_profile").json(|_| json!({"legal_name": "A hall", "prefix": "ONE"})),
        Row::new("list_fee_plans").query("page_size=100").shows("plan"),
        Row::new("create_fee_plan")
            .json(|place| {
                json!({
                    "branch_id": place["branch"], "name": format!("New plan {}", place["serial"]),
                    "terms": {"period": "daily", "price": 5_000},
                })
            })
            .reach("branch", 422, "branch_unknown"),
        Row::new("get_fee_plan").shows("plan"),
        Row::new("update_fee_plan").json(|_| json!({"active": true})).versioned("get_fee_plan"),
        Row::new("quote_fee").json(quote).reach("branch", 422, "branch_unknown"),
        Row::new("list_discounts").query("page_size=100").shows("discount"),
        Row::new("create_discount")
            .json(|place| {
                json!({
                    "branch_id": place["branch"], "code": format!("NEW{}", place["serial"]), "off": {"amount": 100},
                    "valid_from": "2026-01-01", "valid_until": "2026-12-31",
                })
            })
            .reach("branch", 422, "branch_unknown"),
        Row::new("get_discount").shows("discount"),
        Row::new("update_discount").json(|_| json!({"active": true})).versioned("get_discount"),
    ]
}

fn desk() -> Vec<Row> {
    let today = |_: &Place| json!({"counted": [{"method": "cash", "amount": 0}], "on_day": "2020-01-02", "reason": "matrix"});
    vec![
        Row::new("list_dues")
            .query("page_size=100")
            .shows("student"),
        Row::new("charge_student")
            .json(other_charge)
            .reach("branch", 422, "branch_unknown"),
        Row::new("get_due").shows("due"),
        Row::new("waive_due")
            .json(|_| json!({"amount": 1, "reason": "as the matrix asks"}))
            .fresh(Fresh::Due),
        Row::new("credit_due")
            .json(|_| json!({"amount": 1, "reason": "as the matrix asks"}))
            .fresh(Fresh::Due),
        Row::new("list_payments")
            .query("page_size=100")
            .shows("student"),
        Row::new("take_payment")
            .json(|place| cash(place, 100))
            .reach("branch", 422, "branch_unknown"),
        Row::new("get_payment").shows("payment"),
        Row::new("approve_payment").fresh(Fresh::Waiting),
        Row::new("reject_payment")
            .json(|_| json!({"reason": "as the matrix asks"}))
            .fresh(Fresh::Waiting),
        Row::new("get_student_account").shows("branch"),
        Row::new("use_advance")
            .json(|place| json!({"branch_id": place["branch"]}))
            .reach("branch", 422, "branch_unknown"),
        Row::new("get_drawer").shows("branch"),
        Row::new("put_float").json(|_| json!({"amount": 100})),
        Row::new("list_day_closes")
            .query("page_size=100")
            .shows("branch"),
        // The owner's day of the stage is closed; others close theirs once.
        Row::new("close_day").json(today).or(409, "day_not_open"),
        Row::new("list_billing_documents")
            .query("page_size=100")
            .shows("student"),
        Row::new("get_billing_document")
            .alias("document", "billing_document")
            .shows("billing_document"),
        Row::new("print_billing_document")
            .alias("document", "billing_document")
            .query("paper=thermal"),
    ]
}

fn back_office() -> Vec<Row> {
    let days = "from=2020-01-01&until=2099-12-31";
    vec![
        Row::new("list_refunds").query("page_size=100").shows("student"),
        Row::new("make_refund")
            .json(|place| refund(place, 1))
            .reach("branch", 422, "branch_unknown"),
        Row::new("get_refund").shows("refund"),
        Row::new("approve_refund")
            .fresh(Fresh::WaitingRefund)
            .or(409, "second_person_needed"),
        Row::new("reject_refund")
            .json(|_| json!({"reason": "as the matrix asks"}))
            .fresh(Fresh::WaitingRefund),
        // Nobody here has deposited anything.
        Row::new("keep_deposit")
            .json(|place| {
                json!({
                    "branch_id": place["branch"], "student_id": place["student"], "amount": 1, "reason": "matrix",
                })
            })
            .reach("branch", 422, "branch_unknown")
            .or(409, "more_than_is_left"),
        Row::new("list_expenses").query("page_size=100").shows("branch"),
        Row::new("enter_expense")
            .json(|place| {
                json!({"branch_id": place["branch"], "category": "rent", "method": "cash", "amount": 100})
            })
            .reach("branch", 422, "branch_unknown"),
        Row::new("get_collections").query(days).shows("branch"),
        Row::new("get_earnings").query(days).shows("branch"),
        // What was open may have been settled by a caller before.
        Row::new("get_dues_ageing"),
        Row::new("get_collection_rate").query(days),
        Row::new("export_payments").shows("student_name"),
        Row::new("export_dues").shows("student_name"),
    ]
}
