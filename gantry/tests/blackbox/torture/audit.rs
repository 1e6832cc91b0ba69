//! What must be true after the last start.

use std::collections::{BTreeMap, BTreeSet};

use gantry_testkit::{Engine, Server, assert_sound};
use serde_json::Value;

use super::journey::Journey;
use super::rounds::Crowd;
use super::world::World;
use crate::steps::{all, students};

/// Everything acknowledged is there, exactly once.
pub(super) async fn acknowledged(world: &World, crowd: &Crowd) {
    desks(crowd).await;
    sessions(world, crowd).await;
    for journey in &crowd.journeys {
        workspace(journey).await;
    }
}

/// One student for each key, with the notes last acknowledged, and nobody else.
async fn desks(crowd: &Crowd) {
    let found = students(&crowd.hub.client, &crowd.hub.slug).await;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let found: BTreeMap<String, (String, Option<String>)> = found
        .iter()
        .filter_map(|one| {
            Some((
                text(&one["id"])?,
                (text(&one["name"])?, text(&one["notes"])),
            ))
        })
        .collect();
    let told = crowd
        .desks
        .iter()
        .flat_map(|desk| desk.students.clone())
        .collect();
    assert_same(&found, &told);
    let names: BTreeSet<&String> = found.values().map(|(name, _)| name).collect();
    assert_eq!(names.len(), found.len(), "one request entered two students");
}

fn assert_same<V: PartialEq + std::fmt::Debug>(
    found: &BTreeMap<String, V>,
    told: &BTreeMap<String, V>,
) {
    let lost: Vec<_> = told
        .iter()
        .filter(|(id, one)| found.get(*id) != Some(*one))
        .collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:#?}");
    let more: Vec<_> = found
        .iter()
        .filter(|(id, _)| !told.contains_key(*id))
        .collect();
    assert!(more.is_empty(), "there without anybody knowing: {more:#?}");
}

/// Sessions live that were not ended, and those whose end was acknowledged have ended.
async fn sessions(world: &World, crowd: &Crowd) {
    let me = |token: &str| world.client.with_bearer(token).get("/api/v1/me");
    for refresher in &crowd.refreshers {
        me(&refresher.access).await.expect(200).done();
    }
    // A person has a hundred sessions at most, and those of log-ins whose answer was lost count, too.
    for token in crowd.visitor.open.iter().rev().take(40) {
        me(token).await.expect(200).done();
    }
    for token in &crowd.visitor.closed {
        me(token).await.problem(401, "unauthenticated").done();
    }
}

/// One workspace, two members, one branch, one import that brought 963 different students.
async fn workspace(journey: &Journey) {
    let (client, owner) = (&journey.owner.client, &journey.owner);
    let me = client.get("/api/v1/me").await.expect(200).value();
    assert_eq!(me["memberships"].as_array().map(Vec::len), Some(1), "{me}");
    let members = all(client, &owner.path("/identity/members")).await;
    let emails: Vec<&str> = members
        .iter()
        .filter_map(|member| member["email"].as_str())
        .collect();
    assert_eq!(emails, [owner.email.as_str(), journey.guest.email.as_str()]);
    assert_eq!(all(client, &owner.path("/spaces/branches")).await.len(), 1);
    let imports = all(client, &owner.path("/spaces/imports")).await;
    assert_eq!(
        imports.len(),
        1,
        "one upload, several imports: {imports:#?}"
    );
    assert_eq!(
        (&imports[0]["state"], &imports[0]["rows_done"]),
        (&"done".into(), &1_000.into())
    );
    let students = students(&journey.guest.client, &owner.slug).await;
    for member in ["id", "code"] {
        let different: BTreeSet<_> = students.iter().map(|one| one[member].as_str()).collect();
        assert_eq!(different.len(), 963, "students by {member}");
    }
    assert_eq!(students.len(), 963);
}

/// Each mail came, and if it came again, as the same message.
pub(super) async fn mails(world: &World, crowd: &Crowd) {
    for journey in &crowd.journeys {
        for (person, asked) in [(&journey.owner, journey.asked), (&journey.guest, 1)] {
            let mails = world.mail.mails(&person.email).await;
            let messages: BTreeSet<&str> =
                mails.iter().map(|mail| mail.message_id.as_str()).collect();
            let fits = (1..=asked).contains(&messages.len());
            assert!(
                fits,
                "{asked} mails to {} became {messages:?}",
                person.email
            );
        }
    }
}

/// No tenant is half made, and there are no more of them than sign-ups.
pub(super) fn tenants(server: &Server, crowd: &Crowd) {
    let list = server.command(&["tenant", "ls"]);
    let mut found = BTreeSet::new();
    for line in list.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words.get(1), Some(&"active"), "half a tenant: {line}");
        found.insert(words[0].to_owned());
    }
    assert_eq!(found, expected(crowd));
    let jobs = server.command(&["jobs", "ls"]);
    // As a word of its own: an id may have these letters.
    assert!(
        !jobs.split_whitespace().any(|word| word == "dead"),
        "{jobs}"
    );
}

fn expected(crowd: &Crowd) -> BTreeSet<String> {
    let journeys = crowd.journeys.iter().map(|journey| &journey.owner);
    journeys
        .chain([&crowd.hub])
        .map(|owner| owner.tenant.clone())
        .collect()
}

/// One sound database for each tenant, and nothing else lies about.
pub(super) fn databases(server: &Server, crowd: &Crowd) {
    match server.databases().engine() {
        Engine::Sqlite => files(server, crowd),
        Engine::Postgres => on_server(server, crowd),
    }
}

fn files(server: &Server, crowd: &Crowd) {
    let mut found = BTreeSet::new();
    let folders =
        std::fs::read_dir(server.data_dir().join("tenants")).expect("the tenants' folder");
    for folder in folders {
        let folder = folder.expect("a folder of tenants").path();
        for file in std::fs::read_dir(&folder).expect("a folder of tenants") {
            let path = file.expect("a file of a tenant").path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let id = name.strip_suffix(".db");
            found.insert(
                id.unwrap_or_else(|| panic!("left behind: {name}"))
                    .to_owned(),
            );
            assert_sound(&path);
        }
    }
    assert_eq!(found, expected(crowd));
    assert_sound(&server.data_dir().join("control.db"));
}

fn on_server(server: &Server, crowd: &Crowd) {
    let (mut found, mut rest) = (BTreeSet::new(), Vec::new());
    for suffix in server.databases().suffixes() {
        match suffix.strip_prefix("_t_") {
            Some(id) => drop(found.insert(id.to_owned())),
            None => rest.push(suffix),
        }
    }
    let plain: BTreeSet<String> = expected(crowd)
        .iter()
        .map(|id| id.replace('-', ""))
        .collect();
    assert_eq!(found, plain);
    assert!(
        rest.len() == 1 && rest[0].starts_with("_tmpl_"),
        "besides one template: {rest:?}"
    );
}
