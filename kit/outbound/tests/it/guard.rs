//! Where requests go, and what of an answer is read.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_kernel::Period;
use gantry_outbound::{Outbound, OutboundError, OutboundSettings, Request, Resolve};
use url::Url;

use crate::server::{Server, json};

/// Names that the test makes up; each look-up is counted.
struct Names {
    addresses: Vec<IpAddr>,
    asked: AtomicUsize,
}

impl Names {
    fn of(addresses: &[&str]) -> Arc<Self> {
        Arc::new(Self {
            addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
            asked: AtomicUsize::new(0),
        })
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok(self.addresses.clone())).boxed()
    }
}

fn allowing(entries: &[&str]) -> OutboundSettings {
    OutboundSettings {
        allow_private: entries.iter().map(ToString::to_string).collect(),
        ..OutboundSettings::default()
    }
}

fn loopback() -> Outbound {
    Outbound::new(allowing(&["127.0.0.1"]))
}

async fn get(outbound: &Outbound, url: &str) -> Result<String, OutboundError> {
    let url: Url = url.parse().unwrap();
    let response = outbound.send(Request::get(url, 1_000)).await?;
    Ok(String::from_utf8(response.body.to_vec()).unwrap())
}

#[tokio::test]
async fn nothing_private_is_asked_unless_the_operator_names_it() {
    let server = Server::start(Some(json("{}"))).await;
    let port = server.address.port();
    let nobody = Outbound::new(OutboundSettings::default());
    // However loopback and its like are written.
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "169.254.169.254",
        "localhost",
    ] {
        for scheme in ["http", "https"] {
            let refused = get(&nobody, &format!("{scheme}://{host}:{port}/")).await;
            assert!(
                matches!(
                    refused,
                    Err(OutboundError::NotPublic { .. } | OutboundError::Address(_))
                ),
                "{scheme}://{host}: {refused:?}"
            );
        }
    }
    assert_eq!(server.asked(), Vec::<String>::new());
    for entry in ["127.0.0.1", "127.0.0.0/8"] {
        let allowing = Outbound::new(allowing(&[entry]));
        assert_eq!(
            get(&allowing, server.url("/").as_str()).await.unwrap(),
            "{}"
        );
    }
}

#[tokio::test]
async fn a_name_is_judged_by_all_its_addresses_and_asked_for_once() {
    let server = Server::start(Some(json("{}"))).await;
    let port = server.address.port();
    for addresses in [
        &["127.0.0.1"][..],
        &["93.184.216.34", "127.0.0.1"],
        &["10.0.0.1"],
        &["fd00::1"],
        &["::ffff:169.254.169.254"],
    ] {
        let names = Names::of(addresses);
        let outbound =
            Outbound::with_resolver(OutboundSettings::default(), Arc::clone(&names) as _);
        let refused = get(&outbound, &format!("https://rebinding.example:{port}/")).await;
        assert!(
            matches!(refused, Err(OutboundError::NotPublic { .. })),
            "{addresses:?}: {refused:?}"
        );
        assert_eq!(names.asked.load(Ordering::Relaxed), 1);
    }
    // The address that was judged is the one connected to: the name is not looked up again.
    let names = Names::of(&["127.0.0.1"]);
    let settings = OutboundSettings {
        timeout: Period::millis(300),
        ..allowing(&["sso.internal"])
    };
    let outbound = Outbound::with_resolver(settings, Arc::clone(&names) as _);
    let url: Url = format!("http://sso.internal:{port}/").parse().unwrap();
    assert!(
        matches!(outbound.check(&url), Err(OutboundError::Address(_))),
        "http by name could lead anywhere"
    );
    let by_tls = get(&outbound, &format!("https://sso.internal:{port}/")).await;
    assert!(
        matches!(
            by_tls,
            Err(OutboundError::Connect(_) | OutboundError::Timeout)
        ),
        "it was connected to, and speaks no TLS: {by_tls:?}"
    );
    assert_eq!(names.asked.load(Ordering::Relaxed), 1);
    let other = get(&outbound, &format!("https://other.internal:{port}/")).await;
    assert!(matches!(other, Err(OutboundError::NotPublic { .. })));
    let nowhere = Outbound::with_resolver(OutboundSettings::default(), Names::of(&[]));
    let nowhere = get(&nowhere, "https://nowhere.example/").await;
    assert!(matches!(nowhere, Err(OutboundError::Unresolved(_))));
}

#[test]
fn an_address_is_refused_by_its_text_alone() {
    let outbound = Outbound::new(OutboundSettings::default());
    for (text, good) in [
        ("https://sso.example.com/realms/a", true),
        ("https://sso.example.com:8443", true),
        ("http://sso.example.com", false),
        ("ftp://sso.example.com", false),
        ("file:///etc/passwd", false),
        ("data:application/json,{}", false),
        ("https://user:secret@sso.example.com", false),
        ("https://sso.example.com/#x", false),
        ("https://10.0.0.1/", false),
        ("https://[fd00::1]/", false),
    ] {
        let url: Url = text.parse().unwrap();
        assert_eq!(outbound.check(&url).is_ok(), good, "{text}");
    }
    let long: Url = format!("https://sso.example.com/{}", "a".repeat(3_000))
        .parse()
        .unwrap();
    assert!(outbound.check(&long).is_err());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let inside = Server::start(Some(json("{\"secret\":1}"))).await;
    for status in [301, 302, 303, 307, 308] {
        let location = inside.url("/");
        let answer = format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        let outside = Server::start(Some(answer)).await;
        let refused = get(&loopback(), outside.url("/").as_str()).await;
        assert!(
            matches!(refused, Err(OutboundError::Redirect)),
            "{refused:?}"
        );
        assert_eq!(outside.asked().len(), 1);
    }
    assert_eq!(inside.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_limit_and_in_json_only() {
    let long = json(&format!("\"{}\"", "a".repeat(2_000)));
    let endless =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let endless = format!(
        "{endless}{}",
        format!("400\r\n{}\r\n", "a".repeat(1_024)).repeat(64)
    );
    for answer in [long, endless] {
        let server = Server::start(Some(answer)).await;
        let refused = get(&loopback(), server.url("/").as_str()).await;
        assert!(
            matches!(refused, Err(OutboundError::TooLarge(1_000))),
            "{refused:?}"
        );
    }
    let page = json("{}").replace("application/json", "text/html");
    let packed = json("{}").replace("\r\n\r\n", "\r\ncontent-encoding: gzip\r\n\r\n");
    for answer in [page, packed] {
        let server = Server::start(Some(answer)).await;
        let refused = get(&loopback(), server.url("/").as_str()).await;
        assert!(
            matches!(refused, Err(OutboundError::ContentType(_))),
            "{refused:?}"
        );
    }
    let head = format!("HTTP/1.1 200 OK\r\nx-long: {}\r\n\r\n", "a".repeat(200_000));
    for answer in ["no http at all\r\n\r\n".to_owned(), head] {
        let server = Server::start(Some(answer)).await;
        let refused = get(&loopback(), server.url("/").as_str()).await;
        assert!(
            matches!(refused, Err(OutboundError::Http(_))),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let server = Server::start(None).await;
    let outbound = Outbound::new(OutboundSettings {
        timeout: Period::millis(200),
        ..allowing(&["127.0.0.1"])
    });
    let given_up = get(&outbound, server.url("/").as_str()).await;
    assert!(
        matches!(given_up, Err(OutboundError::Timeout)),
        "{given_up:?}"
    );
}

#[tokio::test]
async fn a_request_says_what_it_is() {
    let server = Server::start(Some(json("{}"))).await;
    let mut request = Request::get(server.url("/token?a=1"), 1_000);
    request.body = Some(("application/x-www-form-urlencoded", "code=x".into()));
    request.authorization = Some("Basic c2VjcmV0".parse().unwrap());
    assert!(!format!("{request:?}").contains("c2VjcmV0"));
    let response = loopback().send(request).await.unwrap();
    assert_eq!(response.status, 200);
    let asked = server.asked().concat();
    let host = format!("host: {}\r\n", server.address);
    for part in [
        "POST /token?a=1 HTTP/1.1\r\n",
        &host,
        "accept: application/json\r\n",
        "authorization: Basic c2VjcmV0\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
        "content-length: 6\r\n",
        "connection: close\r\n",
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
}
