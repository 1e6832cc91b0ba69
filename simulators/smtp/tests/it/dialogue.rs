//! RFC 5321 line by line.

use crate::client::{Client, simulator};

#[tokio::test]
async fn a_message_arrives_with_its_dots_unstuffed() {
    let simulator = simulator().await;
    let mut client = Client::ready(&simulator).await;
    client.envelope("b@example.org").await;
    client
        .send(b"Subject: dots\r\n\r\n..one\r\n...two\r\nnone\r\n.\r\n")
        .await;
    assert!(client.reply().await.starts_with("250 "));
    client.say("QUIT", "221").await;
    assert!(client.is_closed().await);
    let messages = simulator.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(
        messages[0].raw,
        b"Subject: dots\r\n\r\n.one\r\n..two\r\nnone\r\n"
    );
    assert_eq!(messages[0].envelope_from, "a@example.com");
    assert_eq!(messages[0].recipients, ["b@example.org"]);
}

#[tokio::test]
async fn the_order_of_commands_is_held() {
    let simulator = simulator().await;
    let mut client = Client::connect(&simulator).await;
    client.say("MAIL FROM:<a@example.com>", "503").await;
    let greeting = client.say("EHLO client.example", "250").await;
    for extension in [
        "SIZE 10000",
        "8BITMIME",
        "PIPELINING",
        "SMTPUTF8",
        "ENHANCEDSTATUSCODES",
    ] {
        assert!(greeting.contains(extension), "{greeting}");
    }
    client.say("RCPT TO:<b@example.org>", "503").await;
    client.say("DATA", "503").await;
    client.say("MAIL FROM:<a@example.com>", "250").await;
    client.say("MAIL FROM:<a@example.com>", "503").await;
    client.say("DATA", "554").await;
    client.say("RSET", "250").await;
    client.say("RCPT TO:<b@example.org>", "503").await;
    client.say("NOOP", "250").await;
    client.say("VRFY someone", "252").await;
    client.say("HELO client.example", "250").await;
    client.say("WHAT", "500").await;
}

#[tokio::test]
async fn pipelined_commands_are_answered_in_order() {
    let simulator = simulator().await;
    let mut client = Client::ready(&simulator).await;
    client
        .send(b"MAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<not an address>\r\nDATA\r\n")
        .await;
    for code in ["250", "250", "501", "354"] {
        assert!(client.reply().await.starts_with(code));
    }
    client.send(b"\r\nbounce\r\n.\r\nNOOP\r\nQUIT\r\n").await;
    for code in ["250", "250", "221"] {
        assert!(client.reply().await.starts_with(code));
    }
    assert_eq!(simulator.messages()[0].envelope_from, "");
}

#[tokio::test]
async fn sizes_and_line_lengths_are_bounded() {
    let simulator = simulator().await;
    let mut client = Client::ready(&simulator).await;
    client
        .say("MAIL FROM:<a@example.com> SIZE=10001", "552")
        .await;
    client
        .say(&format!("NOOP {}", "x".repeat(2_000)), "500")
        .await;

    client.envelope("b@example.org").await;
    client
        .send(format!("{}\r\n.\r\n", "x".repeat(999)).as_bytes())
        .await;
    assert!(client.reply().await.starts_with("500"));

    client.envelope("b@example.org").await;
    let body = format!("{}\r\n", "x".repeat(998)).repeat(11);
    client.send(format!("{body}.\r\n").as_bytes()).await;
    assert!(client.reply().await.starts_with("552"));

    client.envelope("b@example.org").await;
    client
        .send(format!("{}\r\n.\r\n", "x".repeat(998)).as_bytes())
        .await;
    assert!(client.reply().await.starts_with("250"));
    assert_eq!(simulator.messages().len(), 1);
}

#[tokio::test]
async fn a_bare_line_feed_smuggles_nothing() {
    let simulator = simulator().await;
    let mut client = Client::ready(&simulator).await;
    client.envelope("b@example.org").await;
    client
        .send(b"Subject: x\r\n\r\nhi\n.\nMAIL FROM:<evil@example.com>\r\n.\r\n")
        .await;
    assert!(client.reply().await.starts_with("554"));
    client.say("NOOP", "250").await;
    assert!(simulator.messages().is_empty());
}

#[tokio::test]
async fn international_addresses_need_smtputf8() {
    let simulator = simulator().await;
    let mut client = Client::ready(&simulator).await;
    client.say("MAIL FROM:<a@example.com>", "250").await;
    client.say("RCPT TO:<юзер@example.org>", "553").await;
    client.say("RSET", "250").await;
    client
        .say("MAIL FROM:<a@example.com> SMTPUTF8 BODY=8BITMIME", "250")
        .await;
    client.say("RCPT TO:<юзер@example.org>", "250").await;
}

#[tokio::test]
async fn the_oldest_message_is_forgotten_first() {
    let simulator = gantry_sim_smtp::Simulator::start(gantry_sim_smtp::Options {
        max_messages: 2,
        ..Default::default()
    })
    .await
    .unwrap();
    let mut client = Client::ready(&simulator).await;
    for _ in 0..3 {
        client.envelope("b@example.org").await;
        client.send(b"\r\n.\r\n").await;
        assert!(client.reply().await.starts_with("250"));
    }
    let ids: Vec<u64> = simulator
        .messages()
        .iter()
        .map(|message| message.id)
        .collect();
    assert_eq!(ids, [3, 2]);
    assert_eq!(simulator.inbox().stats().accepted, 3);
}
