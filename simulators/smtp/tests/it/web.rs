//! The page and the REST interface.

use reqwest::{Client as Http, StatusCode};
use serde_json::{Value, json};

use crate::client::{Client, simulator};

#[tokio::test]
async fn messages_are_listed_newest_first_filtered_and_deleted() {
    let simulator = simulator().await;
    let mut client = Client::ready(&simulator).await;
    for (to, subject) in [("b+tag@example.org", "first"), ("c@example.org", "second")] {
        client.envelope(to).await;
        client
            .send(
                format!("Subject: {subject}\r\n\r\nsee https://example.com/{subject}.\r\n.\r\n")
                    .as_bytes(),
            )
            .await;
        client.reply().await;
    }
    let http = Http::new();
    let base = format!("http://{}/api/v1", simulator.http_addr());
    let get = async |path: &str| -> Value {
        let reply = http.get(format!("{base}{path}")).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::OK, "{path}");
        reply.json().await.unwrap()
    };
    let subjects = |list: &Value| -> Vec<String> {
        list["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| message["subject"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(subjects(&get("/messages").await), ["second", "first"]);
    assert_eq!(subjects(&get("/messages?since=1").await), ["second"]);
    assert_eq!(subjects(&get("/messages?limit=1").await), ["second"]);
    for to in ["b+tag@example.org", "B%2Btag%40example.org"] {
        assert_eq!(
            subjects(&get(&format!("/messages?to={to}")).await),
            ["first"]
        );
    }
    let detail = get("/messages/1").await;
    assert_eq!(detail["links"], json!(["https://example.com/first"]));
    assert_eq!(detail["html"], Value::Null);
    assert_eq!(get("/stats").await["accepted"], 2);
    let raw = http
        .get(format!("{base}/messages/1/raw"))
        .send()
        .await
        .unwrap();
    assert_eq!(raw.headers()["content-type"], "message/rfc822");
    assert!(raw.text().await.unwrap().starts_with("Subject: first\r\n"));

    let deleted = http
        .delete(format!("{base}/messages"))
        .send()
        .await
        .unwrap();
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    assert!(subjects(&get("/messages").await).is_empty());
    let gone = http.get(format!("{base}/messages/1")).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn faults_are_set_over_rest_and_nonsense_is_refused() {
    let simulator = simulator().await;
    let http = Http::new();
    let url = format!("http://{}/api/v1/faults", simulator.http_addr());
    let put = async |body: Value| http.put(&url).json(&body).send().await.unwrap().status();
    assert_eq!(put(json!({"mode": "reject_rcpt"})).await, StatusCode::OK);
    let mut client = Client::ready(&simulator).await;
    client.say("MAIL FROM:<a@example.com>", "250").await;
    client.say("RCPT TO:<b@example.org>", "550").await;
    for nonsense in [
        json!({"mode": "explode"}),
        json!({"mode": "temp_fail", "code": 250}),
        json!({}),
    ] {
        assert_eq!(put(nonsense).await, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(put(json!({"mode": "none"})).await, StatusCode::OK);
    client.say("RCPT TO:<b@example.org>", "250").await;
}

#[tokio::test]
async fn nothing_a_sender_wrote_runs_in_the_page() {
    let simulator = simulator().await;
    let mut client = Client::ready(&simulator).await;
    client.envelope("b@example.org").await;
    client
        .send(
            b"Subject: <script>alert(1)</script>\r\nX-\"><img>: '\"<b>\r\nContent-Type: text/html\r\n\r\n\
              <script>alert(2)</script><a href=\"https://example.com/?a=1&amp;b='\">x</a>\r\n.\r\n",
        )
        .await;
    client.reply().await;
    let http = Http::new();
    let base = format!("http://{}", simulator.http_addr());
    for path in ["/", "/messages/1"] {
        let page = http.get(format!("{base}{path}")).send().await.unwrap();
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"));
        let html = page.text().await.unwrap();
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains("<img") && !html.contains("<b>"), "{html}");
        assert!(html.contains("&lt;script&gt;"));
    }
    let part = http
        .get(format!("{base}/messages/1/html"))
        .send()
        .await
        .unwrap();
    let policy = part.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("sandbox; default-src 'none'"));
}

#[tokio::test]
async fn another_sites_name_for_this_address_is_refused() {
    let simulator = simulator().await;
    let reply = Http::new()
        .get(format!("http://{}/api/v1/messages", simulator.http_addr()))
        .header("host", "rebound.example.com")
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), StatusCode::MISDIRECTED_REQUEST);
}
