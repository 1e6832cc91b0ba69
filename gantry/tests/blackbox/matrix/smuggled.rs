//! Mass assignment: members that an operation does not know are refused, wherever in the body they stand.

use serde_json::{Value, json};

use super::cast::Expected;
use super::digest::Digest;
use super::document::Operation;
use super::report::Report;
use super::row::Row;
use super::stage::Stage;

/// What somebody would try to set.
const NAMES: [&str; 7] = [
    "id",
    "tenant_id",
    "tenant",
    "role",
    "platform",
    "version",
    "is_admin",
];

/// Adds each name to each object of every JSON body.
pub(super) async fn check(stage: &Stage, rows: &[(&Operation, &Row)], report: &mut Report) {
    let before = Digest::take(stage, rows).await;
    for (operation, row) in rows.iter().copied() {
        let Some(schema) = &operation.body else {
            continue;
        };
        let place = stage
            .place_for(operation)
            .with("refresh_token", "no such token");
        let request = row.request(&stage.document, operation, &place).await;
        let Some(body) = request.json.clone() else {
            report.fact(false, row.id, "-", "a body in its row", "none");
            continue;
        };
        let allowed = |expected| expected == Expected::Served;
        let caller = stage
            .actors
            .iter()
            .find(|actor| allowed(stage.catalogue.expected(operation, actor)))
            .unwrap();
        for (at, known) in stage.document.objects(schema, &body) {
            report.fact(!known.is_empty(), row.id, "-", "a schema with members", &at);
            for name in NAMES.into_iter().filter(|name| !known.contains(*name)) {
                let mut smuggling = request.clone();
                smuggling.json = Some(with(&body, &at, name));
                let answer = smuggling.send(&caller.client).await;
                let expected = Expected::Refused(422, "invalid_request");
                let holds = expected.is_met_by(&answer) && answer.text().contains(name);
                let what = format!("{}: with {at}/{name}", caller.name);
                report.call(holds, row.id, &what, &expected.text(), &answer);
            }
        }
    }
    let after = Digest::take(stage, rows).await;
    before.compare(&after, "after unknown members", report);
}

fn with(body: &Value, at: &str, name: &str) -> Value {
    let mut body = body.clone();
    body.pointer_mut(at).unwrap()[name] = json!("019a0000-0000-7000-8000-000000000001");
    body
}
