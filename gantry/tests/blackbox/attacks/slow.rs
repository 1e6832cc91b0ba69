//! Clients that take their time, so that others get none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gantry_testkit::Engine;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Barrier;

use super::{PATIENCE, World, read_for, statuses};

/// Connections of one attacker.
const CROWD: usize = 60;

/// Sends a byte at a time until the server has had enough; then what it said.
async fn trickle(address: String, head: String, crowded: Arc<Barrier>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    crowded.wait().await;
    let mut drops = tokio::time::interval(Duration::from_millis(100));
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        drops.tick().await;
        let mut said = [0];
        let over = tokio::time::timeout(Duration::from_millis(1), stream.peek(&mut said))
            .await
            .is_ok();
        if over || stream.write_all(b"a").await.is_err() {
            return read_for(&mut stream, Duration::from_secs(1)).await;
        }
    }
    panic!("the server was patient for {PATIENCE:?}");
}

#[tokio::test]
async fn slow_heads_and_bodies_are_cut_while_others_are_served() {
    let env = [
        ("GANTRY_HTTP__HEADER_TIMEOUT", "5s"),
        ("GANTRY_HTTP__BODY_TIMEOUT", "5s"),
    ];
    let world = World::with(Engine::Sqlite, &env).await;
    let owner = world.owner("north").await;
    let bearer = owner.client.bearer().unwrap();
    let head = "GET /healthz HTTP/1.1\r\nHost: gantry\r\nX: ".to_owned();
    let second = format!("GET /healthz HTTP/1.1\r\nHost: gantry\r\n\r\n{head}");
    let upload = format!(
        "POST {} HTTP/1.1\r\nHost: gantry\r\nAuthorization: Bearer {bearer}\r\nContent-Type: text/csv\r\n\
         Content-Length: 1000000\r\n\r\n",
        owner.path("/spaces/imports")
    );
    let log_in = "POST /api/v1/auth/sessions HTTP/1.1\r\nHost: gantry\r\nContent-Type: application/json\r\n\
                  Transfer-Encoding: chunked\r\n\r\n10000\r\n{\"email\": \"";
    let shapes = [
        head,
        second,
        upload,
        log_in.to_owned(),
        "GET ".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM".to_owned(),
    ];
    let crowded = Arc::new(Barrier::new(CROWD + 1));
    let crowd: Vec<_> = (0..CROWD)
        .map(|number| {
            tokio::spawn(trickle(
                world.address(),
                shapes[number % shapes.len()].clone(),
                Arc::clone(&crowded),
            ))
        })
        .collect();

    // Others are served while the whole crowd is there, and not only once it was cut.
    crowded.wait().await;
    owner.client.get("/api/v1/me").await.expect(200).done();
    let cut = crowd.iter().filter(|task| task.is_finished()).count();
    assert_eq!(cut, 0, "somebody else waited for {cut} to be cut");
    while !crowd.iter().all(tokio::task::JoinHandle::is_finished) {
        owner.client.get("/api/v1/me").await.expect(200).done();
    }
    for (number, task) in crowd.into_iter().enumerate() {
        let answer = task.await.unwrap();
        let expected: &[u16] = match number % shapes.len() {
            1 => &[200],
            2 | 3 => &[408],
            _ => &[],
        };
        let codes = statuses(&answer);
        // A head that never came may be answered 408 or not at all, and what is neither HTTP/1 nor HTTP/2 with 400.
        let last = codes.split_last();
        let fine = codes == expected
            || last == Some((&408, expected))
            || (number % shapes.len() == 5 && codes == [400]);
        assert!(
            fine,
            "{codes:?} to shape {}\n{answer}",
            number % shapes.len()
        );
    }
}

#[tokio::test]
async fn requests_that_break_off_leave_nothing_behind() {
    let world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    let bearer = owner.client.bearer().unwrap();
    let body = r#"{"code": "HALF", "name": "Half a branch"}"#;
    for sent in [0, 1, body.len() / 2, body.len() - 1] {
        let mut stream = TcpStream::connect(world.address()).await.unwrap();
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: gantry\r\nAuthorization: Bearer {bearer}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{}",
            owner.path("/spaces/branches"),
            body.len(),
            &body[..sent]
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = read_for(&mut stream, Duration::from_secs(5)).await;
        assert!(
            statuses(&answer)
                .iter()
                .all(|code| (400..500).contains(code)),
            "{answer}"
        );
    }
    let branches = owner
        .client
        .get(&owner.path("/spaces/branches"))
        .await
        .expect(200)
        .value();
    assert_eq!(branches["items"], serde_json::json!([]));
}
