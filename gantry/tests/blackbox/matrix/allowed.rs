//! Permission works: everybody who may call is served, sees what is theirs to see, and nothing else.

use super::cast::{Actor, Expected, Kind};
use super::digest::Digest;
use super::document::Operation;
use super::report::Report;
use super::row::{Place, Row};
use super::stage::Stage;

/// Makes every call that is to be served, and shows that the other tenant did not change.
pub(super) async fn check(stage: &Stage, rows: &[(&Operation, &Row)], report: &mut Report) {
    let before = Digest::of_other(stage, rows).await;
    for (operation, row) in rows.iter().copied().filter(|(_, row)| !row.last) {
        callers(stage, operation, row, report).await;
    }
    let after = Digest::of_other(stage, rows).await;
    before.compare(&after, "after the other tenant's work", report);
    for (operation, row) in rows.iter().copied().filter(|(_, row)| row.last) {
        callers(stage, operation, row, report).await;
    }
}

async fn callers(stage: &Stage, operation: &Operation, row: &Row, report: &mut Report) {
    let mut served = 0;
    for actor in &stage.actors {
        // For a public operation it makes no difference who calls: once without, once with an account.
        let skipped = operation.is_public() && !matches!(actor.kind, Kind::Nobody | Kind::Outsider);
        if skipped
            || row.once && served > 0
            || stage.catalogue.expected(operation, actor) != Expected::Served
        {
            continue;
        }
        served += 1;
        let mut place = stage.place_for(operation);
        place.set("password", &actor.password);
        let mut client = actor.client.clone();
        for fresh in &row.fresh {
            stage.freshen(*fresh, actor, &mut client, &mut place).await;
        }
        let request = row.request(&stage.document, operation, &place).await;
        let answer = request.send(&client).await;
        let code = answer.problem_code().unwrap_or_default();
        let holds = Expected::Served.is_met_by(&answer)
            || row
                .outcomes
                .iter()
                .any(|(status, known)| *status == answer.status() && *known == code);
        report.call(
            holds,
            row.id,
            &actor.name,
            &Expected::Served.text(),
            &answer,
        );
        if operation.reads() && !operation.is_public() {
            seen(stage, operation, row, actor, &place, &answer.text(), report);
        }
    }
    report.fact(served > 0, row.id, "-", "a caller who is served", "none");
}

/// What an answer holds, and what it must not hold.
fn seen(
    stage: &Stage,
    operation: &Operation,
    row: &Row,
    actor: &Actor,
    place: &Place,
    text: &str,
    report: &mut Report,
) {
    let mut fact = |holds: bool, expected: &str, thing: &str, value: &str| {
        report.fact(
            holds,
            row.id,
            &actor.name,
            expected,
            &format!("{thing} {value} of {text:.300}"),
        );
    };
    let narrow = stage.catalogue.is_narrow(operation, actor);
    if row.shows_narrow || !narrow {
        for thing in &row.shows {
            fact(
                text.contains(place[thing].as_str()),
                "shown",
                thing,
                &place[thing],
            );
            if !narrow && !operation.names_a_thing() {
                fact(
                    text.contains(stage.second[thing].as_str()),
                    "shown",
                    thing,
                    "of the other branch",
                );
            }
        }
    }
    if !operation.is_tenant() {
        return;
    }
    for mark in stage.other.marks(false) {
        fact(
            !text.contains(mark),
            "not shown",
            mark,
            "of the other tenant",
        );
    }
    for mark in stage.second.marks(true).filter(|_| narrow) {
        fact(
            !text.contains(mark),
            "not shown",
            mark,
            "of the other branch",
        );
    }
}
