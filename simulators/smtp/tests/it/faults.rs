//! Each way to fail, as a client meets it.

use gantry_sim_smtp::Fault;
use tokio::net::TcpStream;

use crate::client::{Client, simulator};

#[tokio::test]
async fn refusing_connections_closes_the_port_and_what_is_open() {
    let simulator = simulator().await;
    let mut client = Client::ready(&simulator).await;
    simulator.set_fault(Fault::RefuseConnections).await;
    assert!(client.is_closed().await);
    assert!(TcpStream::connect(simulator.smtp_addr()).await.is_err());
    simulator.set_fault(Fault::None).await;
    Client::ready(&simulator).await;
}

#[tokio::test]
async fn greylisting_counts_per_recipient() {
    let simulator = simulator().await;
    simulator.set_fault(Fault::Greylist { count: 2 }).await;
    let mut client = Client::ready(&simulator).await;
    client.say("MAIL FROM:<a@example.com>", "250").await;
    client.say("RCPT TO:<b@example.org>", "451").await;
    client.say("RCPT TO:<B@example.org>", "451").await;
    client.say("RCPT TO:<c@example.org>", "451").await;
    client.say("RCPT TO:<b@example.org>", "250").await;
}

#[tokio::test]
async fn recipients_and_transactions_can_be_refused() {
    let simulator = simulator().await;
    let mut client = Client::ready(&simulator).await;
    simulator.set_fault(Fault::RejectRcpt).await;
    client.say("MAIL FROM:<a@example.com>", "250").await;
    client.say("RCPT TO:<b@example.org>", "550").await;
    client.say("RSET", "250").await;
    let temporary = |code| Fault::TempFail {
        code,
        times: Some(1),
    };
    simulator.set_fault(temporary(451)).await;
    client.say("MAIL FROM:<a@example.com>", "451").await;
    client.say("MAIL FROM:<a@example.com>", "250").await;
    client.say("RSET", "250").await;
    simulator.set_fault(temporary(421)).await;
    client.say("MAIL FROM:<a@example.com>", "421").await;
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_message_can_be_lost_or_kept_without_a_reply() {
    let simulator = simulator().await;
    simulator
        .set_fault(Fault::DropAfterData { times: Some(1) })
        .await;
    let mut client = Client::ready(&simulator).await;
    client.envelope("b@example.org").await;
    client.send(b"\r\nlost\r\n.\r\n").await;
    assert!(client.is_closed().await);
    assert!(simulator.messages().is_empty());

    simulator
        .set_fault(Fault::AcceptThenDrop { times: Some(1) })
        .await;
    let mut client = Client::ready(&simulator).await;
    client.envelope("b@example.org").await;
    client.send(b"\r\nkept\r\n.\r\n").await;
    assert!(client.is_closed().await);
    assert_eq!(simulator.messages().len(), 1);

    simulator.set_fault(Fault::RejectData).await;
    let mut client = Client::ready(&simulator).await;
    client.envelope("b@example.org").await;
    client.send(b"\r\nrefused\r\n.\r\n").await;
    assert!(client.reply().await.starts_with("554"));
}

#[tokio::test]
async fn slowness_is_felt_at_every_reply() {
    let simulator = simulator().await;
    simulator.set_fault(Fault::Slow { millis: 40 }).await;
    let started = std::time::Instant::now();
    let mut client = Client::ready(&simulator).await;
    client.say("NOOP", "250").await;
    assert!(started.elapsed().as_millis() >= 120);
}
