//! The column of the suspended tenant: reading works, writing is refused, and nothing changes.

use serde_json::json;

use super::cast::Expected;
use super::digest::Digest;
use super::document::Operation;
use super::report::Report;
use super::row::Row;
use super::stage::Stage;

/// Suspends the first tenant, calls everything as everybody who may, and gives it back.
pub(super) async fn check(stage: &Stage, rows: &[(&Operation, &Row)], report: &mut Report) {
    let operator = &stage.operator().client;
    let suspension = format!("/api/v1/admin/tenants/{}/suspension", stage.first["tenant"]);
    let reason = json!({"reason": "not paid"});
    operator
        .post(&suspension)
        .json(&reason)
        .await
        .expect(200)
        .done();
    let before = Digest::take(stage, rows).await;
    for (operation, row) in rows
        .iter()
        .copied()
        .filter(|(operation, _)| operation.is_tenant())
    {
        let request = row
            .request(&stage.document, operation, &stage.place_for(operation))
            .await;
        let readable = operation.reads() || !operation.stops_when_suspended;
        for actor in stage.actors.iter().filter(|actor| actor.is_member()) {
            if stage.catalogue.expected(operation, actor) != Expected::Served {
                continue;
            }
            // What members of one unit can only read of their own making cannot be made now.
            if readable && stage.catalogue.is_narrow(operation, actor) && !row.fresh.is_empty() {
                continue;
            }
            if row.own && actor.name != stage.owner().name {
                continue;
            }
            let expected = if readable {
                Expected::Served
            } else {
                Expected::Refused(403, "tenant_suspended")
            };
            let answer = request.send(&actor.client).await;
            let name = format!("{}: suspended", actor.name);
            report.call(
                expected.is_met_by(&answer),
                row.id,
                &name,
                &expected.text(),
                &answer,
            );
        }
    }
    let after = Digest::take(stage, rows).await;
    before.compare(&after, "after writes to a suspended tenant", report);
    operator.delete(&suspension).await.expect(200).done();
}
