//! Everything that owners and operators can read, to show that a refused call changed nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::Operation;
use super::report::Report;
use super::row::{Place, Row};
use super::stage::Stage;

/// Answers by tenant and operation.
pub(super) struct Digest(BTreeMap<String, String>);

impl Digest {
    /// Reads every list and document of both tenants and of the platform that needs no id.
    pub(super) async fn take(stage: &Stage, rows: &[(&Operation, &Row)]) -> Self {
        let mut digest = Self(BTreeMap::new());
        digest.add(stage, rows, "first", &stage.first).await;
        digest.add(stage, rows, "other", &stage.other).await;
        for (operation, row) in rows
            .iter()
            .copied()
            .filter(|(operation, _)| operation.reads())
        {
            // It counts these very calls, so it is never the same twice.
            let counts = row.id == "get_metrics_window";
            if operation.is_platform() && operation.parameters().next().is_none() && !counts {
                let answer = look(stage, operation, row, &stage.place_for(operation)).await;
                digest.0.insert(format!("platform: {}", row.id), answer);
            }
        }
        digest
    }

    /// Reads what concerns the second tenant.
    pub(super) async fn of_other(stage: &Stage, rows: &[(&Operation, &Row)]) -> Self {
        let mut digest = Self(BTreeMap::new());
        digest.add(stage, rows, "other", &stage.other).await;
        digest.0.retain(|name, _| name.starts_with("other tenant"));
        digest
    }

    async fn add(&mut self, stage: &Stage, rows: &[(&Operation, &Row)], name: &str, place: &Place) {
        for (operation, row) in rows
            .iter()
            .copied()
            .filter(|(operation, _)| operation.reads() && !operation.streams)
        {
            let whose = if operation.is_tenant() && !operation.names_a_thing() {
                "tenant"
            } else if matches!(row.id, "get_me" | "list_sessions") {
                "owner"
            } else {
                continue;
            };
            let answer = look(stage, operation, row, place).await;
            self.0.insert(format!("{name} {whose}: {}", row.id), answer);
        }
    }

    /// Reports what differs.
    pub(super) fn compare(&self, after: &Self, when: &str, report: &mut Report) {
        for (name, before) in &self.0 {
            let after = after.0.get(name).map_or("", String::as_str);
            let got = format!(
                "{} -> {}",
                difference(before, after),
                difference(after, before)
            );
            report.fact(before == after, name, when, "unchanged", &got);
        }
    }
}

/// The whole answer, page after page.
async fn look(stage: &Stage, operation: &Operation, row: &Row, place: &Place) -> String {
    let first = row.request(&stage.document, operation, place).await;
    let mut request = first.clone();
    let mut before: Vec<Value> = Vec::new();
    loop {
        let answer = request.send(&place.keeper).await.expect(200);
        let Ok(mut value) = serde_json::from_slice::<Value>(answer.bytes()) else {
            return answer.text();
        };
        let next = value["next_page_token"].as_str().map(str::to_owned);
        if let Some(items) = value["items"].as_array_mut() {
            before.append(items);
        }
        if let Some(token) = next {
            request = first.narrowed("page_token", &token);
            continue;
        }
        if let Some(items) = value["items"].as_array_mut() {
            *items = before;
        }
        forget_times(&mut value);
        return value.to_string();
    }
}

/// Signing in and being signed in is noted, audit rows are sealed a moment after they were written, and reading a list of
/// people or money as a file, as this does, leaves a row: no changes. Nor are how often a database was found open, and how large a log is.
fn forget_times(value: &mut Value) {
    const PASSING: [&str; 8] = [
        "last_login_at",
        "last_seen_at",
        "sealed",
        "sequence",
        "hits",
        "misses",
        "size",
        "written_at",
    ];
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !PASSING.contains(&name.as_str()));
            members.values_mut().for_each(forget_times);
        }
        Value::Array(items) => {
            items.retain(|item| {
                let action = item["action"].as_str().unwrap_or_default();
                !(action.starts_with("spaces.") && action.ends_with(".exported"))
            });
            items.iter_mut().for_each(forget_times);
        }
        _ => {}
    }
}

/// The part of `text` around the first place where `other` differs.
fn difference(text: &str, other: &str) -> String {
    let same = text
        .chars()
        .zip(other.chars())
        .take_while(|(a, b)| a == b)
        .count();
    text.chars()
        .skip(same.saturating_sub(40))
        .take(160)
        .collect()
}
