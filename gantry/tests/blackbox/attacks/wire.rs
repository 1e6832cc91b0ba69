//! The protocol itself, byte by byte: requests that two readers would split differently, and odd ones.

use gantry_testkit::Engine;

use super::{World, statuses};

fn post(extra: &str, body: &str) -> String {
    format!(
        "POST /api/v1/auth/sessions HTTP/1.1\r\nHost: gantry\r\nContent-Type: application/json\r\n{extra}\r\n{body}"
    )
}

/// What a smuggled request would be answered with, and nothing else here is.
const HIDDEN: &str = "GET /healthz HTTP/1.1\r\nHost: gantry\r\nX-Request-ID: smuggled\r\n\r\n";

#[tokio::test]
async fn requests_of_doubtful_length_are_not_split_in_two() {
    let world = World::open(Engine::Sqlite).await;
    let length = HIDDEN.len() + 5;
    let chunked = format!("0\r\n\r\n{HIDDEN}");
    let shapes = [
        post(
            &format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
            &chunked,
        ),
        post(
            &format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"),
            &chunked,
        ),
        post(
            &format!("Content-Length: 2\r\nContent-Length: {length}\r\n"),
            &format!("{{}}{HIDDEN}"),
        ),
        post(
            &format!("Content-Length: 2, {length}\r\n"),
            &format!("{{}}{HIDDEN}"),
        ),
        post("Content-Length: +2\r\n", &format!("{{}}{HIDDEN}")),
        post("Content-Length: -2\r\n", &format!("{{}}{HIDDEN}")),
        post("Content-Length: 0x2\r\n", &format!("{{}}{HIDDEN}")),
        post(
            "Content-Length: 18446744073709551618\r\n",
            &format!("{{}}{HIDDEN}"),
        ),
        post("Content-Length: 2 2\r\n", &format!("{{}}{HIDDEN}")),
        post("Transfer-Encoding: chunked, identity\r\n", &chunked),
        post("Transfer-Encoding: xchunked\r\n", &chunked),
        post(
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            &chunked,
        ),
        post("Transfer-Encoding : chunked\r\n", &chunked),
        post("Transfer-Encoding: \x0bchunked\r\n", &chunked),
        post("X: y\r\n Transfer-Encoding: chunked\r\n", &chunked),
        post("Transfer-Encoding:\r\n chunked\r\n", &chunked),
        post(
            "Transfer-Encoding: chunked\r\n",
            &format!("-1\r\n\r\n{HIDDEN}"),
        ),
        post(
            "Transfer-Encoding: chunked\r\n",
            &format!("FFFFFFFFFFFFFFFFF\r\n{HIDDEN}"),
        ),
        post(
            "Transfer-Encoding: chunked\r\n",
            &format!("2\r\n{{}}XX\r\n0\r\n\r\n{HIDDEN}"),
        ),
        post(
            "Transfer-Encoding: chunked\r\n",
            &format!("0x2\r\n{{}}\r\n0\r\n\r\n{HIDDEN}"),
        ),
        post(
            "Transfer-Encoding: chunked\r\n",
            &format!("2;a=\"\n\"\r\n{{}}\r\n0\r\n\r\n{HIDDEN}"),
        ),
    ];
    for shape in shapes {
        let answer = world.raw(&shape).await;
        assert!(
            !answer.contains("smuggled"),
            "a second request came out of\n{shape}\n\n{answer}"
        );
        let codes = statuses(&answer);
        assert!(
            codes.len() <= 1 && codes.iter().all(|code| (400..500).contains(code)),
            "{codes:?} to\n{shape}"
        );
    }
}

#[tokio::test]
async fn malformed_heads_are_refused_and_nothing_else_happens() {
    let world = World::open(Engine::Sqlite).await;
    let heads: Vec<Vec<u8>> = vec![
        b"GET /healthz HTTP/1.1\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.1\r\nHost: gantry\r\nX: a\0b\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.1\r\nHost: gantry\r\nX\0: a\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.1\r\nHost: gantry\r\nX : a\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.1\r\nHost: gantry\r\nX: a\r\n folded\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.1\r\nHost: gantry\r\n: empty\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.1\r\nHost: gantry\r\nX: a\rb\r\n\r\n".to_vec(),
        b"GET /heal\0thz HTTP/1.1\r\nHost: gantry\r\n\r\n".to_vec(),
        b"GET /heal thz HTTP/1.1\r\nHost: gantry\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/9.9\r\nHost: gantry\r\n\r\n".to_vec(),
        b"GET /healthz\r\n\r\n".to_vec(),
        b"GET\0/healthz HTTP/1.1\r\nHost: gantry\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"\xff\xfe\xfd\xfc\r\n\r\n".to_vec(),
        [
            b"GET /healthz HTTP/1.1\r\nHost: gantry\r\n".to_vec(),
            b"X: y\r\n".repeat(500),
            b"\r\n".to_vec(),
        ]
        .concat(),
        [
            b"GET /healthz HTTP/1.1\r\nHost: gantry\r\nX: ".to_vec(),
            vec![b'a'; 200_000],
            b"\r\n\r\n".to_vec(),
        ]
        .concat(),
        [
            b"GET /".to_vec(),
            vec![b'a'; 200_000],
            b" HTTP/1.1\r\nHost: gantry\r\n\r\n".to_vec(),
        ]
        .concat(),
        [
            vec![b'A'; 200_000],
            b" / HTTP/1.1\r\nHost: gantry\r\n\r\n".to_vec(),
        ]
        .concat(),
    ];
    for head in heads {
        let answer = world.raw(&head).await;
        let codes = statuses(&answer);
        let shown = String::from_utf8_lossy(&head[..head.len().min(200)]);
        let refused = codes.len() <= 1
            && codes
                .iter()
                .all(|code| (400..500).contains(code) || *code == 505);
        assert!(refused, "{codes:?} to\n{shown}\n{answer}");
    }
    world.client().get("/healthz").await.expect(200).done();
}

#[tokio::test]
async fn unusual_methods_do_nothing_and_reflect_nothing() {
    let world = World::open(Engine::Sqlite).await;
    let owner = world.owner("north").await;
    let bearer = owner.client.bearer().unwrap();
    let path = owner.path("/spaces/branches");
    for method in [
        "TRACE", "TRACK", "PROPFIND", "MKCOL", "PURGE", "DEBUG", "get", "FOO", "PUT", "DELETE",
    ] {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: gantry\r\nAuthorization: Bearer {bearer}\r\nX-Secret: reflected\r\n\
             Connection: close\r\n\r\n"
        );
        let answer = world.raw(request).await;
        assert_eq!(statuses(&answer), [405], "{method}\n{answer}");
        assert!(
            answer
                .to_lowercase()
                .contains("\r\nallow: get, head, options, post\r\n"),
            "{answer}"
        );
        assert!(
            !answer.contains("reflected") && !answer.contains(&bearer),
            "{answer}"
        );
    }
    // A method in a header or in the query is no method.
    let branch = serde_json::json!({"code": "A", "name": "A"});
    for name in [
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
    ] {
        owner
            .client
            .get(&path)
            .header(name, "POST")
            .json(&branch)
            .await
            .expect(200)
            .done();
    }
    owner
        .client
        .post(&format!("{path}?_method=DELETE"))
        .json(&branch)
        .await
        .expect(201)
        .done();
    assert_eq!(
        owner.client.get(&path).await.expect(200).value()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    for request in [
        "CONNECT evil.example.com:443 HTTP/1.1\r\nHost: evil.example.com:443\r\nConnection: close\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: gantry\r\nConnection: close\r\n\r\n",
    ] {
        let answer = world.raw(request).await;
        assert!(
            statuses(&answer)
                .iter()
                .all(|code| (400..500).contains(code)),
            "{answer}"
        );
    }
    let upgrade = format!(
        "GET {path} HTTP/1.1\r\nHost: gantry\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
         HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"
    );
    assert_eq!(
        statuses(&world.raw(upgrade).await),
        [401],
        "an upgrade is not followed"
    );
}

#[tokio::test]
async fn old_and_absolute_and_pipelined_requests_are_ordinary_requests() {
    let world = World::open(Engine::Sqlite).await;
    let answer = world.raw("GET /healthz HTTP/1.0\r\n\r\n").await;
    assert_eq!(statuses(&answer), [200], "{answer}");
    let answer = world.raw("GET http://evil.example.com/healthz HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n").await;
    assert_eq!(statuses(&answer), [200], "{answer}");
    assert!(!answer.contains("evil"), "{answer}");
    let answer = world.raw("GET http://evil.example.com/api/v1/me HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n").await;
    assert_eq!(statuses(&answer), [401], "{answer}");
    assert!(!answer.contains("evil"), "{answer}");

    let one = |id: &str, path: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: gantry\r\nX-Request-ID: {id}\r\n\r\n")
    };
    let bodied = "POST /api/v1/auth/session HTTP/1.1\r\nHost: gantry\r\nContent-Length: 2\r\nX-Request-ID: two\r\n\r\n{}";
    let all = format!(
        "{}{bodied}{}{}",
        one("one", "/healthz"),
        one("three", "/api/v1/me"),
        one("four", "/nowhere")
    );
    let answer = world.raw(all).await;
    let (codes, expected) = (statuses(&answer), [200, 405, 401, 404]);
    // Either all in order, or a connection that ends where a body was left unread; never a mix-up.
    assert_eq!(codes, expected[..codes.len()], "{answer}");
    assert!(codes.len() >= 2, "{answer}");
    let at: Vec<usize> = ["one", "two", "three", "four"]
        .iter()
        .filter_map(|id| answer.find(&format!("x-request-id: {id}\r\n")))
        .collect();
    assert!(at.len() == codes.len() && at.is_sorted(), "{answer}");
}
