//! Refusals: who may not call at all, and things that those who may call do not reach.

use super::cast::{Actor, Expected, Kind};
use super::digest::Digest;
use super::document::{Access, Operation};
use super::report::Report;
use super::row::{Fresh, Place, Request, Row};
use super::stage::Stage;

/// Makes every call that is to be refused, and shows that nothing changed.
pub(super) async fn check(stage: &Stage, rows: &[(&Operation, &Row)], report: &mut Report) {
    let before = Digest::take(stage, rows).await;
    for (operation, row) in rows
        .iter()
        .copied()
        .filter(|(operation, _)| !operation.is_public())
    {
        let refused = callers(stage, operation, row, report).await;
        report.fact(refused > 0, row.id, "-", "a refused caller", "none");
        match operation.access {
            Access::Tenant { .. } | Access::Member => {
                beyond(stage, operation, row, report).await;
                filters(stage, operation, row, report).await;
                pages(stage, operation, row, report).await;
            }
            Access::SignedIn => of_others(stage, operation, row, report).await,
            Access::Public | Access::Platform { .. } => {}
        }
    }
    let after = Digest::take(stage, rows).await;
    before.compare(&after, "after the refusals", report);
}

/// Everybody who may not call, naming the tenant by its address and by its id; how many they are.
async fn callers(stage: &Stage, operation: &Operation, row: &Row, report: &mut Report) -> usize {
    let mut refused = 0;
    let place = stage.place_for(operation);
    let request = row.request(&stage.document, operation, &place).await;
    let mut requests = vec![request.clone()];
    if operation.parameters().any(|name| name == "tenant") {
        let by_id = place.with("tenant", &place["tenant_id"]);
        requests.push(row.request(&stage.document, operation, &by_id).await);
    }
    for actor in &stage.actors {
        let expected = stage.catalogue.expected(operation, actor);
        if expected == Expected::Served {
            continue;
        }
        refused += 1;
        for request in &requests {
            let answer = request.send(&actor.client).await;
            report.call(
                expected.is_met_by(&answer),
                row.id,
                &actor.name,
                &expected.text(),
                &answer,
            );
        }
        if operation.reads() {
            let head = request.head().send(&actor.client).await;
            let same = expected.status() == Some(head.status());
            report.call(
                same,
                row.id,
                &format!("{}: HEAD", actor.name),
                &expected.text(),
                &head,
            );
        }
    }
    refused
}

/// Members who may call, naming a thing of another tenant or of another branch.
async fn beyond(stage: &Stage, operation: &Operation, row: &Row, report: &mut Report) {
    let cell = Cell {
        stage,
        operation,
        row,
    };
    let home = stage.place_for(operation);
    let foreign = stage
        .other
        .with("serial", stage.next())
        .called_in(&home["tenant"]);
    let next_door = stage.second.with("serial", stage.next());
    let owner = stage.owner();
    let nowhere = home.called_in("no-such-space");
    cell.refuse(owner, "no such tenant", &nowhere, NOT_FOUND, report)
        .await;
    if operation.names_a_thing() {
        cell.refuse(owner, "of another tenant", &foreign, NOT_FOUND, report)
            .await;
    }
    if let Some((thing, status, code)) = row.reach {
        let place = home.with(thing, &foreign[thing]);
        cell.refuse(
            owner,
            "naming another tenant's",
            &place,
            Expected::Refused(status, code),
            report,
        )
        .await;
    }
    let served = |actor: &&Actor| stage.catalogue.expected(operation, actor) == Expected::Served;
    let narrow = |actor: &&Actor| stage.catalogue.is_narrow(operation, actor);
    for actor in stage.actors.iter().filter(served).filter(narrow) {
        if operation.names_a_thing() {
            cell.refuse(actor, "of another branch", &next_door, NOT_FOUND, report)
                .await;
        }
        // An import of theirs would have to be made first; the allowed calls make one.
        if let Some((thing, status, code)) =
            row.reach.filter(|_| !row.fresh.contains(&Fresh::Import))
        {
            let place = home.with(thing, &next_door[thing]);
            cell.refuse(
                actor,
                "naming another branch",
                &place,
                Expected::Refused(status, code),
                report,
            )
            .await;
        }
    }
}

/// Lists, asked for what belongs to a thing of another tenant or of another branch.
async fn filters(stage: &Stage, operation: &Operation, row: &Row, report: &mut Report) {
    let place = stage.place_for(operation);
    let request = row.request(&stage.document, operation, &place).await;
    for name in &operation.query {
        for actor in &stage.actors {
            let served =
                actor.is_member() && stage.catalogue.expected(operation, actor) == Expected::Served;
            let narrow = stage.catalogue.is_narrow(operation, actor);
            let beyond = if narrow { &stage.second } else { &stage.other };
            if let Some(value) = beyond.has(name).filter(|_| served) {
                let answer = request.narrowed(name, value).send(&actor.client).await;
                let shown = beyond
                    .marks(narrow)
                    .any(|mark| answer.text().contains(mark));
                let who = format!("{}: {name} beyond reach", actor.name);
                report.call(
                    !shown && answer.status() < 500,
                    row.id,
                    &who,
                    "nothing of it",
                    &answer,
                );
            }
        }
    }
}

/// Page tokens: one that the first tenant gave out opens nothing in the other.
async fn pages(stage: &Stage, operation: &Operation, row: &Row, report: &mut Report) {
    let paged = operation.query.iter().any(|name| name == "page_token");
    if !paged || operation.names_a_thing() {
        return;
    }
    let one = |request: Request| request.bare().narrowed("page_size", "1");
    let request = one(row.request(&stage.document, operation, &stage.first).await);
    let answer = request.send(&stage.owner().client).await.expect(200);
    // An export takes the parameters of its list, and is one page.
    if answer
        .header("content-type")
        .is_some_and(|media| media.starts_with("text/csv"))
    {
        return;
    }
    let page = answer.value();
    let token = page["next_page_token"].as_str();
    report.fact(
        token.is_some(),
        row.id,
        "owner, all",
        "a second page",
        "none",
    );
    let request = one(row.request(&stage.document, operation, &stage.other).await);
    let request = request.narrowed("page_token", token.unwrap_or_default());
    let actor = stage.actor(&Kind::Elsewhere);
    let answer = request.send(&actor.client).await;
    let expected = Expected::Refused(422, "page_token_invalid");
    let who = format!("{}: page token of the first", actor.name);
    report.call(
        expected.is_met_by(&answer),
        row.id,
        &who,
        &expected.text(),
        &answer,
    );
}

/// Signed-in people, naming a thing of somebody else.
async fn of_others(stage: &Stage, operation: &Operation, row: &Row, report: &mut Report) {
    if !operation.names_a_thing() {
        return;
    }
    let place = stage.place_for(operation);
    let cell = Cell {
        stage,
        operation,
        row,
    };
    for kind in [Kind::Outsider, Kind::Elsewhere, Kind::Operator] {
        cell.refuse(
            stage.actor(&kind),
            "of somebody else",
            &place,
            NOT_FOUND,
            report,
        )
        .await;
    }
}

const NOT_FOUND: Expected = Expected::Refused(404, "not_found");

struct Cell<'a> {
    stage: &'a Stage,
    operation: &'a Operation,
    row: &'a Row,
}

impl Cell<'_> {
    /// One call that is to be refused.
    async fn refuse(
        &self,
        actor: &Actor,
        what: &str,
        place: &Place,
        expected: Expected,
        report: &mut Report,
    ) {
        let request = self
            .row
            .request(&self.stage.document, self.operation, place)
            .await;
        let answer = request.send(&actor.client).await;
        let who = format!("{}: {what}", actor.name);
        report.call(
            expected.is_met_by(&answer),
            self.row.id,
            &who,
            &expected.text(),
            &answer,
        );
    }
}
