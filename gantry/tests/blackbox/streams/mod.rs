//! Streams of events as their readers meet them.

mod limits;
pub(crate) mod order;
mod reach;
mod revoked;

use std::time::Duration;

use gantry_testkit::{Client, Events, Owner, ServerEvent};
use serde_json::json;

use crate::attacks::{PATIENCE, student};

/// The address of a workspace's stream.
fn stream_of(owner: &Owner) -> String {
    owner.path("/events")
}

/// Opens a stream that goes on after `last`, or from now on; the first event is its greeting.
async fn open(client: &Client, path: &str, last: Option<&str>) -> (Events, ServerEvent) {
    let mut call = client.get(path);
    if let Some(last) = last {
        call = call.header("last-event-id", last);
    }
    let mut events = call.open().await;
    assert_eq!(events.header("content-type"), "text/event-stream");
    assert_eq!(events.header("cache-control"), "no-store");
    assert_eq!(events.header("x-accel-buffering"), "no");
    let greeting = events.next(PATIENCE).await.expect("a greeting");
    (events, greeting)
}

/// Everything that is there after `last`.
async fn replay(client: &Client, path: &str, last: &str) -> Vec<ServerEvent> {
    let path = format!("{path}?follow=false");
    let (mut events, greeting) = open(client, &path, Some(last)).await;
    assert_eq!(
        (greeting.name.as_str(), &greeting.data),
        ("ready", &json!({"resumed": true}))
    );
    let mut all = Vec::new();
    while let Some(event) = events.next(PATIENCE).await {
        all.push(event);
    }
    all
}

/// Enters a student; the answer is the id. `number` makes the phone.
async fn enter(client: &Client, owner: &Owner, branch: &str, number: usize) -> String {
    let body = student(
        branch,
        &format!("Student {number}"),
        &format!("+9195{number:08}"),
    );
    client
        .post(&owner.path("/spaces/students"))
        .json(&body)
        .await
        .expect(201)
        .text_at("/id")
}

fn is_about(event: &ServerEvent, id: &str) -> bool {
    let subjects = event.data["subjects"].as_array();
    subjects.is_some_and(|subjects| subjects.iter().any(|subject| subject == id))
}

/// Far below the heartbeat and the poll, so that only the repeated look at access can be what ends a stream; far above
/// the second that is promised, because the machine has other tests to run.
const SOON: Duration = Duration::from_secs(4);
