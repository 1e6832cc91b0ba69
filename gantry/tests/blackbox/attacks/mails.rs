//! Mail that says or does what somebody typed into a name.

use gantry_testkit::{Engine, Mail, Owner, SmtpSim, both_engines};
use serde_json::json;

use super::{PASSWORD, PATIENCE, World};

/// The message as it went over the wire.
async fn raw(sim: &SmtpSim, mail: &Mail) -> String {
    let address = format!("{}/api/v1/messages/{}/raw", sim.inbox_url(), mail.id);
    reqwest::get(address).await.unwrap().text().await.unwrap()
}

fn assert_sound(text: &str, to: &str) {
    let (head, _) = text.split_once("\r\n\r\n").expect("a head and a body");
    let fields: Vec<String> = head
        .split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap().to_lowercase())
        .collect();
    for name in [
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "content-type",
    ] {
        let count = fields.iter().filter(|field| *field == name).count();
        assert_eq!(count, 1, "{name} in\n{head}");
    }
    for name in ["bcc", "cc", "reply-to", "sender", "x-evil"] {
        assert!(
            !fields.iter().any(|field| field == name),
            "{name} in\n{head}"
        );
    }
    assert!(head.to_lowercase().contains(&format!("to: {to}")), "{head}");
    assert!(
        !text.replace("\r\n", "").contains(['\r', '\n']),
        "a bare line end"
    );
}

both_engines! {
    async fn names_add_no_headers_and_no_recipients(engine: Engine) {
        let world = World::open(engine).await;
        let mut owner = Owner::new(&world.client(), "north");
        "Eve\r\nBcc: evil@example.org\r\nX-Evil: 1\r\n\r\n<b>body</b>".clone_into(&mut owner.name);
        owner.sign_up().await;
        owner.confirm(&world.mail).await;
        owner.log_in().await;
        owner.wait_active().await;
        let etag = owner.client.get(&owner.path("")).await.expect(200).etag();
        let name = "Hall\nBcc: evil@example.org\r\n\r\nhidden\u{2028}X-Evil: 1\u{85}DATA\r\n.\r\nQUIT";
        let renamed = owner.client.patch(&owner.path("")).if_match(&etag).json(&json!({"name": name})).await.expect(200);
        assert!(!renamed.text_at("/name").contains(['\r', '\n', '\u{2028}', '\u{85}']), "{renamed}");
        world.invite(&owner, "guest@example.com", &json!({"role": "member"})).await;

        for to in [owner.email.as_str(), "guest@example.com"] {
            let mails = world.mail.mails(to).await;
            assert_eq!(mails.len(), 1);
            assert_eq!(mails[0].to, [to]);
            assert_sound(&raw(&world.mail, &mails[0]).await, to);
        }
        assert!(world.mail.mails("evil@example.org").await.is_empty());
        for email in ["guest@example.com\r\nBcc: evil@example.org", "guest@example.com>\r\nRCPT TO:<evil@example.org",
                      "guest@example.com,evil@example.org", "<guest@example.com>", "\"a b\"@example.com", "a@[127.0.0.1]"] {
            let body = json!({"email": email, "role": "member"});
            let answer = owner.client.post(&owner.path("/identity/invitations")).json(&body).await;
            answer.problem(422, "invalid_request").done();
            let answer = world.client().post("/api/v1/auth/password-resets").json(&json!({"email": email})).await;
            answer.problem(422, "invalid_request").done();
        }
    }
}

#[tokio::test]
async fn names_are_text_in_both_parts_and_never_templates() {
    let world = World::open(Engine::Sqlite).await;
    let mut owner = Owner::new(&world.client(), "north");
    // Products too long to be found in a port number or in a token by chance.
    "{{ 7919*6961 }}{% raw %}<a href=\"http://evil.example.com\">x</a> {{ link }}"
        .clone_into(&mut owner.name);
    owner.sign_up().await;
    owner.confirm(&world.mail).await;
    owner.log_in().await;
    owner.wait_active().await;
    let etag = owner.client.get(&owner.path("")).await.expect(200).etag();
    let name = json!({"name": "<img src=http://evil.example.com/x.png>{{ link }}{{ 7907*6967 }}"});
    owner
        .client
        .patch(&owner.path(""))
        .if_match(&etag)
        .json(&name)
        .await
        .expect(200)
        .done();
    world
        .invite(&owner, "guest@example.com", &json!({"role": "member"}))
        .await;
    let change = json!({"current_password": owner.password, "new_password": PASSWORD});
    owner
        .client
        .put("/api/v1/me/password")
        .json(&change)
        .await
        .expect(204)
        .done();

    let own = world.server.url();
    let invitation = world
        .mail
        .wait_mail("guest@example.com", "", PATIENCE)
        .await;
    let changed = world
        .mail
        .wait_mail(&owner.email, "password was changed", PATIENCE)
        .await;
    for mail in [&invitation, &changed] {
        for part in [&mail.text, &mail.html, &mail.subject] {
            assert!(
                !part.contains(&(7919 * 6961).to_string())
                    && !part.contains(&(7907 * 6967).to_string()),
                "a name was run: {part}"
            );
        }
        assert!(mail.text.contains("{{ 7919*6961 }}"), "{}", mail.text);
        assert!(mail.html.contains("&lt;a href"), "{}", mail.html);
        assert!(
            !mail.html.contains("<img") && !mail.html.contains("href=\"http://evil"),
            "{}",
            mail.html
        );
        let targets = mail.html.split("href=\"").skip(1);
        let targets: Vec<&str> = targets.filter_map(|rest| rest.split('"').next()).collect();
        assert!(!targets.is_empty());
        for target in targets {
            let target = target.replace("&#x2f;", "/");
            assert!(target.starts_with(&own), "{target}");
        }
    }
    assert!(
        invitation.subject.contains("{{ link }}") && !invitation.subject.contains("token="),
        "{}",
        invitation.subject
    );
}

#[tokio::test]
async fn a_stranger_cannot_write_to_others_through_a_sign_up() {
    let world = World::open(Engine::Sqlite).await;
    let mut owner = Owner::new(&world.client(), "victim");
    "You won! Claim it on evil.example.org/prize".clone_into(&mut owner.name);
    let mut body = owner.sign_up_body();
    body["workspace_name"] = json!("Visit evil.example.org today");
    world
        .client()
        .post("/api/v1/auth/sign-ups")
        .json(&body)
        .await
        .expect(202)
        .done();
    let mail = world.mail.wait_mail(&owner.email, "", PATIENCE).await;
    for part in [&mail.subject, &mail.text, &mail.html] {
        assert!(
            !part.contains("evil.") && !part.contains("You won"),
            "a stranger's words in a mail to anybody: {part}"
        );
    }
}
