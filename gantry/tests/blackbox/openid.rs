//! Signing in with a provider that others wrote, end to end over HTTP and SMTP.

use std::path::Path;
use std::time::Duration;

use gantry_testkit::{
    Answer, Call, Client, Engine, OpenIdPeers, Owner, Server, ServerOptions, SmtpSim, both_engines,
};
use serde_json::{Value, json};

const CLIENT: &str = "gantry one";
const SECRET: &str = "s:cret/%odd+one";
/// Where the browser is sent back to; nothing listens there in this test.
const PUBLIC_URL: &str = "http://127.0.0.1:8080";
const PATIENCE: Duration = Duration::from_mins(1);

struct World {
    mail: SmtpSim,
    server: Server,
    peers: OpenIdPeers,
    _secret: tempfile::TempDir,
}

impl World {
    async fn new(engine: Engine) -> Self {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openid-peers");
        let back = format!("{PUBLIC_URL}/sign-in/callback");
        let peers = OpenIdPeers::start(&scripts, CLIENT, SECRET, &back).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, SECRET).unwrap();
        let providers = format!(
            "[{{key = \"sso\", name = \"Example\", issuer = \"{}\", client_id = \"{CLIENT}\", client_secret_file = \"{}\", sign_up = true}}]",
            peers.issuer(),
            file.display()
        );
        let mail = SmtpSim::start().await;
        let server = ServerOptions::new(engine)
            .mail(&mail)
            .env("GANTRY_SERVER__PUBLIC_URL", PUBLIC_URL)
            .env("GANTRY_IDENTITY__PROVIDERS", providers)
            .env("GANTRY_OUTBOUND__ALLOW_PRIVATE", "127.0.0.1")
            .start()
            .await;
        Self {
            mail,
            server,
            peers,
            _secret: folder,
        }
    }

    /// Begins at one process and completes at another, as a browser that `login` sits in front of.
    async fn sign_in(&self, login: &str, complete: &Client) -> Answer {
        let client = self.server.client();
        let begin = client.post("/api/v1/auth/providers/sso/attempts");
        let (departed, cookie) = leave(begin.json(&json!({}))).await;
        let back = self.peers.visit(&departed, login).await;
        complete
            .post("/api/v1/auth/sessions/provider")
            .header("cookie", &cookie)
            .json(&returned(&back))
            .await
    }
}

/// Where the browser is sent, and the cookie it holds.
async fn leave(call: Call) -> (String, String) {
    let begun = call.await.expect(200);
    let cookie = begun.header("set-cookie").unwrap_or_default();
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    (begun.text_at("/authorization_url"), cookie)
}

/// What the console posts of the address that a browser came back to.
fn returned(back: &Value) -> Value {
    assert_eq!(back["at"], format!("{PUBLIC_URL}/sign-in/callback"));
    assert!(back["error"].is_null(), "{back}");
    json!({ "code": back["code"], "state": back["state"], "iss": back["iss"] })
}

both_engines! {
    async fn a_provider_by_others_signs_people_in(engine: Engine) {
        let world = World::new(engine).await;
        let client = world.server.client();
        // The provider is sound: another client, which others wrote too, accepts what it gives.
        let claims = world.peers.accepted_by_another_client("alice").await;
        assert_eq!((&claims["sub"], &claims["email_verified"]), (&json!("alice"), &json!(true)));

        // A new person, whose address the provider confirms.
        let session = world.sign_in("alice", &client).await.expect(201);
        let alice = client.with_bearer(session.text_at("/access_token"));
        let me = alice.get("/api/v1/me").await.expect(200).value();
        assert_eq!((&me["email"], &me["name"]), (&json!("alice@example.com"), &json!("Alice Example")));
        // The same address, which it does not confirm, of somebody else there.
        world.sign_in("mallory", &client).await.problem(403, "not_linked").done();

        // Somebody who was here before signs in with the password, links, and signs in with the provider.
        let owner = Owner::ready(&client, &world.mail, "north").await;
        let (departed, cookie) = leave(owner.client.post("/api/v1/me/providers/sso/attempts")).await;
        let back = world.peers.visit(&departed, "mallory").await;
        let linked = owner.client.post("/api/v1/me/linked-accounts").header("cookie", &cookie);
        let linked = linked.json(&returned(&back)).await.expect(201).value();
        assert_eq!((&linked["subject"], &linked["issuer"]), (&json!("mallory"), &json!(world.peers.issuer())));
        let told = world.mail.wait_mail(&owner.email, "How you sign in was changed", PATIENCE).await;
        assert!(told.text.contains("signing in by 127.0.0.1 was added"), "{}", told.text);
        let session = world.sign_in("mallory", &client).await.expect(201);
        let person = client.with_bearer(session.text_at("/access_token"));
        let me = person.get("/api/v1/me").await.expect(200).value();
        assert_eq!(me["email"], json!(owner.email));
    }
}

/// Begun at one process, completed at another.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_a_sign_in() {
    let world = World::new(Engine::Postgres).await;
    let second = world.server.another().await;
    let session = world.sign_in("alice", &second.client()).await.expect(201);
    let access = session.text_at("/access_token");
    for server in [&world.server, &second] {
        let client = server.client().with_bearer(&access);
        client.get("/api/v1/me").await.expect(200).done();
    }
}

both_engines! {
    /// Owners name issuers; the server must not become their way into the network it stands in.
    async fn an_issuer_is_no_way_into_the_network(engine: Engine) {
        let mail = SmtpSim::start().await;
        let server = Server::start(engine, &mail).await;
        let owner = Owner::ready(&server.client(), &mail, "north").await;
        let inside = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = inside.local_addr().unwrap().port();
        let heard = tokio::spawn(async move { inside.accept().await.is_ok() });
        let providers = owner.path("/identity/providers");
        let provider = |issuer: String| json!({
            "name": "Own", "issuer": issuer, "client_id": "gantry", "client_auth": "none",
        });
        for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254"] {
            for scheme in ["http", "https"] {
                let issuer = format!("{scheme}://{host}:{port}");
                let refused = owner.client.post(&providers).json(&provider(issuer)).await;
                refused.problem(422, "invalid_request").done();
            }
        }
        // A name says nothing about where it leads; it is looked at when it is used.
        let named = provider(format!("https://localhost:{port}"));
        let made = owner.client.post(&providers).json(&named).await.expect(201).text_at("/id");
        let begin = format!("/api/v1/auth/providers/{made}/attempts");
        let refused = server.client().post(&begin).json(&json!({})).await;
        refused.problem(503, "provider_unavailable").done();
        assert!(!heard.is_finished(), "nobody connected");
        heard.abort();
    }
}
