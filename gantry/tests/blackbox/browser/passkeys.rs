//! Passkeys as a page uses them, with the virtual authenticator of the DevTools: no console is served yet, so the page
//! is an empty one of Gantry's address, and its scripts speak with the real program, cookies and CSRF tokens included.

use gantry_testkit::{Chromium, Engine, Owner, Server, SmtpSim};
use serde_json::{Value, json};

/// What the scripts share: a request to the API as a page makes it, and the two calls of WebAuthn.
const PRELUDE: &str = r"
    const api = async (method, path, body) => {
        const headers = {};
        if (body !== undefined) headers['content-type'] = 'application/json';
        if (window.csrf) headers['x-csrf-token'] = window.csrf;
        const text = body === undefined ? undefined : JSON.stringify(body);
        const reply = await fetch('/api/v1' + path, { method, headers, body: text });
        const answer = await reply.text();
        return { status: reply.status, body: answer ? JSON.parse(answer) : null };
    };
    const signedIn = async () => {
        window.csrf = undefined;
        const token = await api('GET', '/csrf-token');
        window.csrf = token.body.csrf_token;
    };
    const create = async asked => {
        const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked.public_key);
        const made = await navigator.credentials.create({ publicKey });
        return { ceremony: asked.ceremony, name: 'This browser', credential: made.toJSON() };
    };
    const get = async asked => {
        const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.public_key);
        const shown = await navigator.credentials.get({ publicKey });
        return { ceremony: asked.ceremony, credential: shown.toJSON() };
    };
    const logIn = async () => {
        const asked = await api('POST', '/auth/passkey-ceremonies', {});
        const passkey = await get(asked.body);
        return api('POST', '/auth/sessions/passkey', { passkey, mode: 'cookie' });
    };
";

struct Page {
    browser: Chromium,
    authenticator: Value,
}

impl Page {
    /// An empty page of the server, in a browser with an authenticator that verifies its owner.
    async fn open(server: &Server) -> Self {
        let mut browser = Chromium::start().await;
        let origin = server.url().replace("127.0.0.1", "localhost");
        browser.open_blank(&origin).await;
        browser
            .call("WebAuthn.enable", json!({ "enableUI": false }))
            .await;
        let options = json!({ "options": {
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserVerified": true,
            "automaticPresenceSimulation": true,
        }});
        let added = browser
            .call("WebAuthn.addVirtualAuthenticator", options)
            .await;
        Self {
            browser,
            authenticator: added["authenticatorId"].clone(),
        }
    }

    async fn run(&mut self, body: &str) -> Value {
        self.browser.run(&format!("{PRELUDE}{body}")).await
    }

    /// Runs a script that returns the answer of the API, which must have this status.
    async fn expect(&mut self, status: u16, body: &str) -> Value {
        let mut answer = self.run(body).await;
        assert_eq!(answer["status"], status, "{answer:#}\nafter: {body}");
        answer["body"].take()
    }

    /// Calls a method that is about the authenticator.
    async fn authenticator(&mut self, method: &str, mut parameters: Value) -> Value {
        parameters["authenticatorId"] = self.authenticator.clone();
        self.browser.call(method, parameters).await
    }

    /// Signs in with the password, registers a passkey, signs out.
    async fn register(&mut self, owner: &Owner) {
        let credentials =
            json!({"email": owner.email, "password": owner.password, "mode": "cookie"});
        let body = format!("return api('POST', '/auth/sessions', {credentials});");
        self.expect(201, &body).await;
        let body = "await signedIn();
            const asked = await api('POST', '/me/passkeys/ceremonies');
            return api('POST', '/me/passkeys', await create(asked.body));";
        let registered = self.expect(201, body).await;
        let codes = registered["recovery_codes"].as_array().map(Vec::len);
        assert_eq!(codes, Some(10), "{registered}");
        self.expect(204, "return api('DELETE', '/auth/session');")
            .await;
        self.expect(401, "return api('GET', '/me');").await;
    }
}

/// Registered, signed in by it alone, confirmed with it, and used after the password.
#[tokio::test]
async fn a_browser_signs_in_by_a_passkey() {
    let mail = SmtpSim::start().await;
    let server = Server::start(Engine::Sqlite, &mail).await;
    let owner = Owner::ready(&server.client(), &mail, "key").await;
    let mut page = Page::open(&server).await;
    page.register(&owner).await;

    page.expect(201, "return logIn();").await;
    let me = page.expect(200, "return api('GET', '/me');").await;
    assert_eq!(me["email"], owner.email);
    let mine = page.expect(200, "return api('GET', '/me/passkeys');").await;
    assert_eq!(mine["items"][0]["name"], "This browser");
    assert!(mine["items"][0]["last_used_at"].is_string(), "{mine}");

    let body = "await signedIn();
        const asked = await api('POST', '/me/step-up/passkey');
        return api('POST', '/me/step-up', { passkey: await get(asked.body) });";
    page.expect(200, body).await;
    // The same key is not registered twice: the browser is told of it and refuses.
    let body = "const asked = await api('POST', '/me/passkeys/ceremonies');
        return create(asked.body).then(() => 'made', error => error.name);";
    assert_eq!(page.run(body).await, "InvalidStateError");
    page.expect(204, "return api('DELETE', '/auth/session');")
        .await;

    let credentials = json!({"email": owner.email, "password": owner.password, "mode": "cookie"});
    let body = format!(
        "const half = await api('POST', '/auth/sessions', {credentials});
         const challenge = half.body.challenge;
         const asked = await api('POST', '/auth/passkey-ceremonies', {{ challenge }});
         const passkey = await get(asked.body);
         return api('POST', '/auth/sessions/second-factor', {{ challenge, passkey }});"
    );
    page.expect(201, &body).await;
    page.expect(200, "return api('GET', '/me');").await;
    page.browser.close().await;
}

/// An authenticator that does not verify its owner gives nothing; one that counts backwards is refused here.
#[tokio::test]
async fn a_browser_does_not_sign_in_by_a_passkey_that_does_not_hold() {
    let mail = SmtpSim::start().await;
    let server = Server::start(Engine::Sqlite, &mail).await;
    let owner = Owner::ready(&server.client(), &mail, "key").await;
    let mut page = Page::open(&server).await;
    page.register(&owner).await;
    let verified = |yes: bool| json!({ "isUserVerified": yes });
    page.authenticator("WebAuthn.setUserVerified", verified(false))
        .await;
    let refused = "return logIn().then(answer => answer.status, error => error.name);";
    assert_eq!(page.run(refused).await, "NotAllowedError");
    page.authenticator("WebAuthn.setUserVerified", verified(true))
        .await;
    page.expect(201, "return logIn();").await;

    let known = page
        .authenticator("WebAuthn.getCredentials", json!({}))
        .await;
    let mut copy = known["credentials"][0].clone();
    assert!(copy["signCount"].as_i64() > Some(1), "{known}");
    let gone = json!({ "credentialId": copy["credentialId"] });
    page.authenticator("WebAuthn.removeCredential", gone).await;
    copy["signCount"] = json!(0);
    page.authenticator("WebAuthn.addCredential", json!({ "credential": copy }))
        .await;
    let refused = page.expect(401, "return logIn();").await;
    let kind = refused["type"].as_str().unwrap_or_default();
    assert!(kind.ends_with("/passkey_refused"), "{refused}");
    page.browser.close().await;
}
