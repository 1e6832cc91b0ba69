//! The parts of the kit that start real programs, against the SMTP simulator.

use std::time::Duration;

use gantry_testkit::{Client, SmtpSim, eventually};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

const SOON: Duration = Duration::from_secs(10);

/// Sends one message in plain SMTP (RFC 5321); the answer is the code of the last reply.
async fn send(address: &str, to: &str, subject: &str) -> std::io::Result<u16> {
    let stream = TcpStream::connect(address).await?;
    let mut stream = BufReader::new(stream);
    let message = format!(
        "From: sender@example.com\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <1@example.com>\r\n\
         \r\nHello, http://127.0.0.1:8080/verify#token=abc_-123 is your link\r\n.\r\n"
    );
    let rcpt = format!("RCPT TO:<{to}>\r\n");
    let mut code = 0;
    for line in [
        "",
        "EHLO test\r\n",
        "MAIL FROM:<sender@example.com>\r\n",
        &rcpt,
        "DATA\r\n",
        &message,
    ] {
        stream.get_mut().write_all(line.as_bytes()).await?;
        loop {
            let mut reply = String::new();
            stream.read_line(&mut reply).await?;
            code = reply
                .get(..3)
                .and_then(|code| code.parse().ok())
                .unwrap_or(0);
            if reply.as_bytes().get(3) != Some(&b'-') {
                break;
            }
        }
        if code >= 400 {
            break;
        }
    }
    Ok(code)
}

#[tokio::test]
async fn mail_arrives_in_the_inbox_and_its_link_is_read() {
    let sim = SmtpSim::start().await;
    assert_eq!(
        send(sim.address(), "a@example.com", "first").await.unwrap(),
        250
    );
    let first = sim.wait_mail("a@example.com", "first", SOON).await;
    assert_eq!(first.parameter("token"), "abc_-123");
    assert_eq!(first.to, ["a@example.com"]);
    assert!(first.link("/verify").starts_with("http://127.0.0.1:8080"));
    assert_eq!(sim.newest().await, first.id);

    send(sim.address(), "a@example.com", "second")
        .await
        .unwrap();
    let second = sim
        .wait_mail_since(first.id, "a@example.com", "", SOON)
        .await;
    assert_eq!(second.subject, "second");
    assert_eq!(sim.mails("a@example.com").await.len(), 2);
    assert!(sim.mails("b@example.com").await.is_empty());
}

#[tokio::test]
async fn faults_hold_until_healed() {
    let sim = SmtpSim::start().await;
    sim.set_fault(json!({ "mode": "reject_rcpt" })).await;
    assert_eq!(
        send(sim.address(), "a@example.com", "x").await.unwrap(),
        550
    );
    sim.set_fault(json!({ "mode": "refuse_connections" })).await;
    assert!(send(sim.address(), "a@example.com", "x").await.is_err());
    sim.heal().await;
    eventually("a healed server", SOON, async || {
        match send(sim.address(), "a@example.com", "x").await {
            Ok(250) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

#[tokio::test]
#[should_panic(expected = "was refused with 422")]
async fn an_unknown_fault_is_no_fault() {
    SmtpSim::start()
        .await
        .set_fault(json!({ "mode": "typo" }))
        .await;
}

#[tokio::test]
#[should_panic(expected = "a mail to nobody@example.com about \"x\"")]
async fn waiting_for_mail_has_a_bound() {
    let sim = SmtpSim::start().await;
    sim.wait_mail("nobody@example.com", "x", Duration::from_millis(50))
        .await;
}

#[tokio::test]
async fn a_client_speaks_http_and_tells_a_missing_server() {
    let sim = SmtpSim::start().await;
    let base = sim.inbox_url();
    let client = Client::new(base.clone());
    client.get("/api/v1/stats").await.expect(200).done();
    let fault = json!({ "mode": "none" });
    assert_eq!(
        client
            .put("/api/v1/faults")
            .json(&fault)
            .await
            .expect(200)
            .value(),
        fault
    );
    client.post("/api/v1/messages").await.expect(405).done();
    drop(sim);
    assert!(client.get("/api/v1/stats").send().await.is_err());
}
