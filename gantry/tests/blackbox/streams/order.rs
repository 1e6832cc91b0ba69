//! Each event once, in one order, for whoever comes back.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use gantry_testkit::{Client, Engine, Owner, both_engines};

use super::{enter, open, replay, stream_of};
use crate::attacks::{PATIENCE, World, open_branch};

pub(crate) const WRITERS: usize = 50;
pub(crate) const EACH: usize = 4;

/// Lets fifty callers write through these servers, all at once, while one reads and leaves again and again.
pub(crate) async fn crowd(owner: &Owner, servers: &[Client]) {
    let branch = open_branch(owner, "MAIN").await;
    let path = stream_of(owner);
    let (_, greeting) = open(&owner.client, &path, None).await;
    let start = greeting.id;

    let writing = join_all((0..WRITERS).map(async |writer| {
        let mut made = Vec::new();
        for number in 0..EACH {
            let client = &servers[(writer + number) % servers.len()];
            made.push(enter(client, owner, &branch, writer * EACH + number).await);
        }
        made
    }));
    let reading = async {
        let (mut seen, mut last, mut visit) = (Vec::new(), start.clone(), 0_usize);
        while seen.len() < WRITERS * EACH {
            let client = &servers[visit % servers.len()];
            let (mut events, greeting) = open(client, &path, Some(&last)).await;
            assert_eq!(greeting.name, "ready", "{greeting:?}");
            // A visit takes between 1 and 13 events, in no regular order.
            for _ in 0..=(visit * 7) % 13 {
                if seen.len() >= WRITERS * EACH {
                    break;
                }
                let student = |event: &gantry_testkit::ServerEvent| {
                    event.data["kind"] == "spaces.student.changed"
                };
                let event = events.until("a student", PATIENCE, student).await;
                let subject = event.data["subjects"][0].as_str().unwrap().to_owned();
                assert_eq!(event.data["unit"], branch.as_str());
                last.clone_from(&event.id);
                seen.push(subject);
            }
            visit += 1;
        }
        seen
    };
    let (made, seen) = futures_util::future::join(writing, reading).await;

    let all: BTreeSet<&String> = made.iter().flatten().collect();
    assert_eq!(all.len(), WRITERS * EACH);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>(), all, "each event");
    assert_eq!(seen.len(), all.len(), "each once");
    for (writer, made) in made.iter().enumerate() {
        let places = made
            .iter()
            .map(|id| seen.iter().position(|known| known == id));
        assert!(
            places.is_sorted(),
            "writer {writer} wrote in another order than is told"
        );
    }
    let again = replay(&owner.client, &path, &start).await;
    let again: Vec<&str> = again
        .iter()
        .filter(|event| event.data["kind"] == "spaces.student.changed")
        .filter_map(|event| event.data["subjects"][0].as_str())
        .collect();
    assert_eq!(again, seen, "the order is the same for everybody");
}

both_engines! {
    async fn each_event_comes_once_and_in_one_order(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        crowd(&owner, std::slice::from_ref(&owner.client)).await;
    }
}

/// Written and read through two processes in turn. Clocks of two processes on one machine do not disagree, so what one
/// writer does through both is told in its order, too.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_tell_one_order() {
    let world = World::open(Engine::Postgres).await;
    let owner = world.owner("north").await;
    let second = world.server.another().await;
    let there = second.client().with_bearer(owner.client.bearer().unwrap());
    crowd(&owner, &[owner.client.clone(), there]).await;
}
