//! How many streams, from where, and until when.

use gantry_testkit::{both_engines, eventually};
use serde_json::json;

use super::{enter, is_about, open, stream_of};
use crate::attacks::{PATIENCE, World, open_branch};

both_engines! {
    async fn one_person_has_so_many_streams(engine: Engine) {
        let few = [("GANTRY_HTTP__MAX_EVENT_STREAMS_PER_PERSON", "2"), ("GANTRY_HTTP__MAX_EVENT_STREAMS", "3")];
        let world = World::with(engine, &few).await;
        let (owner, other) = (world.owner("north").await, world.owner("south").await);
        let path = stream_of(&owner);
        let (one, _) = open(&owner.client, &path, None).await;
        let (_two, _) = open(&owner.client, &path, None).await;
        let refused = owner.client.get(&path).await.problem(429, "too_many_streams");
        assert!(refused.header("retry-after").is_some());
        let (_three, _) = open(&other.client, &stream_of(&other), None).await;
        other.client.get(&stream_of(&other)).await.problem(503, "streams_full").done();
        drop(one);
        eventually("the place of a stream that was left", PATIENCE, async || {
            let answer = owner.client.get(&format!("{path}?follow=false")).await;
            if answer.status() == 200 { Ok(()) } else { Err(answer.to_string()) }
        }).await;
    }

    /// What no stream of this tenant ever said leads to now, with the word to read everything again.
    async fn a_place_that_is_none_begins_anew(engine: Engine) {
        let world = World::open(engine).await;
        let owner = world.owner("north").await;
        open_branch(&owner, "MAIN").await;
        let path = stream_of(&owner);
        let (_, greeting) = open(&owner.client, &path, None).await;
        assert_eq!((greeting.name.as_str(), &greeting.data), ("ready", &json!({"resumed": false})));
        let parts: Vec<&str> = greeting.id.split('.').collect();
        let [whose, life, own, about] = parts[..] else { panic!("{}", greeting.id) };
        for place in [
            "garbage".to_owned(),
            "9".repeat(200),
            format!("{}.1", greeting.id),
            format!("{whose}.{life}.{own}"),
            format!("{whose}.{life}.-1.{about}"),
            format!("{whose}.{life}.0{own}.{about}"),
            format!("{whose}.{life}.1000000.{about}"),
            format!("{whose}.{life}.{own}.1000000"),
            format!("{whose}.{life}.{own}.9223372036854775808"),
            format!("{whose}.2.{own}.{about}"),
            format!("0123456789ab.{life}.{own}.{about}"),
        ] {
            let (_, reset) = open(&owner.client, &path, Some(&place)).await;
            assert_eq!(reset.name, "reset", "{place}");
            assert!(reset.id.starts_with(&format!("{whose}.{life}.")), "{place}: {}", reset.id);
        }
        let (_, ready) = open(&owner.client, &path, Some(&greeting.id)).await;
        assert_eq!(ready.data, json!({"resumed": true}));
        owner.client.get(&format!("{path}?folow=false")).await.problem(422, "invalid_parameter").done();
    }

    /// A server that stops says so, and whoever comes back to the next one misses nothing.
    async fn a_stop_ends_streams_in_order(engine: Engine) {
        let mut world = World::open(engine).await;
        let owner = world.owner("north").await;
        let branch = open_branch(&owner, "MAIN").await;
        let path = stream_of(&owner);
        let (mut stream, _) = open(&owner.client, &path, None).await;
        let http2 = owner.client.over_http2();
        let (mut second, _) = open(&http2, &path, None).await;
        let seen = enter(&owner.client, &owner, &branch, 1).await;
        let seen = stream.until("a student", PATIENCE, |event| is_about(event, &seen)).await;
        world.server.stop().await;
        for stream in [&mut stream, &mut second] {
            let end = stream.until("the end", PATIENCE, |event| event.name == "end").await;
            assert_eq!((&end.data["code"], &end.data["reconnect"]), (&json!("server_stopping"), &json!(true)));
            assert_eq!(stream.next(PATIENCE).await, None);
        }
        world.server.restart().await;
        let missed = enter(&owner.client, &owner, &branch, 2).await;
        let (mut stream, greeting) = open(&owner.client, &path, Some(&seen.id)).await;
        assert_eq!(greeting.data, json!({"resumed": true}));
        stream.until("what was missed", PATIENCE, |event| is_about(event, &missed)).await;
    }
}
