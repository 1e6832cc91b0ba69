//! The client that Gantry itself uses.

use gantry_sim_smtp::Simulator;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
};

use crate::client::simulator;

fn transport(simulator: &Simulator) -> AsyncSmtpTransport<Tokio1Executor> {
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(simulator.smtp_addr().port())
        .build()
}

#[tokio::test]
async fn lettre_delivers_both_parts_and_reuses_its_connection() {
    let simulator = simulator().await;
    let transport = transport(&simulator);
    for subject in ["Grüße", "Überraschung", "Noch eine", "Letzte"] {
        let message = Message::builder()
            .from("Gantry <no-reply@example.com>".parse().unwrap())
            .to(Mailbox::new(
                Some("Zoë".into()),
                "b@example.org".parse().unwrap(),
            ))
            .message_id(Some("<one@example.com>".into()))
            .subject(subject)
            .multipart(MultiPart::alternative_plain_html(
                "öffne https://example.com/x?t=1\r\n.\r\nEnde".to_owned(),
                "<a href=\"https://example.com/x?t=1\">öffne</a>".to_owned(),
            ))
            .unwrap();
        transport.send(message).await.unwrap();
        // The pool takes the connection back in a task of its own.
        tokio::task::yield_now().await;
    }
    let messages = simulator.messages();
    assert_eq!(messages.len(), 4);
    let content = &messages[3].content;
    assert_eq!(content.subject, "Grüße");
    assert_eq!(content.message_id.as_deref(), Some("one@example.com"));
    assert!(content.header("To").unwrap().contains("Zoë"));
    assert!(content.text.as_deref().unwrap().contains("\r\n.\r\nEnde"));
    assert_eq!(content.links, ["https://example.com/x?t=1"]);
    assert!(simulator.inbox().stats().connections < 4);
}
