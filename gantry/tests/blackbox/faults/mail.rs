//! A mail server that is down, puts us off, or hangs up at the worst moment.

use gantry_testkit::{
    Client, Mail, Owner, Server, ServerOptions, SmtpSim, both_engines, eventually,
};
use serde_json::{Value, json};

use super::PATIENCE;
use crate::steps::{open_branch, operator};

both_engines! {
    async fn mail_waits_for_a_server_that_is_down_and_the_rest_goes_on(engine: Engine) {
        let mail = SmtpSim::start().await;
        let server = Server::start(engine, &mail).await;
        let other = Owner::ready(&server.client(), &mail, "south").await;
        let operator = operator(&server, "watch@example.com").await;
        mail.set_fault(json!({"mode": "refuse_connections"})).await;

        let mut owner = Owner::new(&server.client(), "north");
        owner.sign_up().await;
        let waiting = outbox(&operator, &owner, "queued after an attempt", |row| {
            row["state"] == "queued" && row["attempts"].as_u64() > Some(0)
        })
        .await;
        assert!(waiting["last_error"].as_str().is_some_and(|words| !words.is_empty()), "{waiting}");
        assert!(!waiting.to_string().contains("token"), "an operator sees nothing to sign in with");
        open_branch(&other, "MAIN").await;
        server.client().get("/readyz").await.expect(200).done();

        mail.heal().await;
        finish(&mail, &mut owner).await;
        outbox(&operator, &owner, "sent", |row| row["state"] == "sent").await;
        assert_eq!(mail.mails(&owner.email).await.len(), 1);
    }

    async fn greylisted_mail_is_tried_again(engine: Engine) {
        let mail = SmtpSim::start().await;
        let server = Server::start(engine, &mail).await;
        let operator = operator(&server, "watch@example.com").await;
        mail.set_fault(json!({"mode": "greylist", "count": 1})).await;
        let mut owner = Owner::new(&server.client(), "north");
        owner.sign_up().await;
        finish(&mail, &mut owner).await;
        let sent = outbox(&operator, &owner, "sent", |row| row["state"] == "sent").await;
        assert_eq!(sent["attempts"], 2, "{sent}");
    }

    async fn a_connection_lost_after_the_message_costs_no_mail(engine: Engine) {
        let mail = SmtpSim::start().await;
        let server = Server::start(engine, &mail).await;
        mail.set_fault(json!({"mode": "drop_after_data", "times": 1})).await;
        let mut owner = Owner::new(&server.client(), "north");
        owner.sign_up().await;
        finish(&mail, &mut owner).await;
        assert_eq!(mail.mails(&owner.email).await.len(), 1);

        // Taken, but not told so: the repetition is the same message, not another one.
        mail.set_fault(json!({"mode": "accept_then_drop", "times": 1})).await;
        let mut owner = Owner::new(&server.client(), "south");
        owner.sign_up().await;
        let mails = eventually("the mail a second time", PATIENCE, async || {
            let mails = mail.mails(&owner.email).await;
            if mails.len() == 2 { Ok(mails) } else { Err(mails.len()) }
        })
        .await;
        assert_eq!(mails[0].message_id, mails[1].message_id);
        first_link_works(&mut owner, &mails[0]).await;
    }

    async fn mail_is_held_until_a_server_is_named(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = ServerOptions::new(engine).start().await;
        assert!(server.output().contains("mail is held"), "{}", server.output());
        let mut owner = Owner::new(&server.client(), "north");
        owner.sign_up().await;
        let operator = operator(&server, "watch@example.com").await;
        outbox(&operator, &owner, "held", |row| row["state"] == "held").await;
        server.stop().await;
        let (host, port) = mail.address().rsplit_once(':').unwrap();
        server.set_env("GANTRY_MAIL__HOST", host);
        server.set_env("GANTRY_MAIL__PORT", port);
        server.set_env("GANTRY_MAIL__TLS", "none");
        server.restart().await;
        finish(&mail, &mut owner).await;
    }
}

/// The mail comes, its link works, and the workspace comes too.
async fn finish(mail: &SmtpSim, owner: &mut Owner) {
    mail.wait_mail(&owner.email, "", PATIENCE).await;
    owner.confirm(mail).await;
    owner.log_in().await;
    owner.wait_active().await;
}

async fn first_link_works(owner: &mut Owner, mail: &Mail) {
    let body = json!({"token": mail.parameter("token")});
    owner
        .client
        .post("/api/v1/auth/verifications")
        .json(&body)
        .await
        .expect(200)
        .done();
    owner.log_in().await;
}

/// What an operator sees of the only mail to this person, once it is as wanted.
async fn outbox(operator: &Client, owner: &Owner, what: &str, fits: fn(&Value) -> bool) -> Value {
    eventually(&format!("a mail {what}"), PATIENCE, async || {
        let page = operator
            .get("/api/v1/admin/mails")
            .await
            .expect(200)
            .value();
        let rows = page["items"].as_array().cloned().unwrap_or_default();
        let mut mine = rows
            .into_iter()
            .filter(|row| row["recipient"] == owner.email.as_str());
        match (mine.next(), mine.next()) {
            (Some(row), None) if fits(&row) => Ok(row),
            _ => Err(page.to_string()),
        }
    })
    .await
}
