//! An OpenID Connect provider on this machine that does everything right until it is told to do something wrong.
//!
//! What it is sent it checks as a strict provider would: codes are good once, for the client, the redirect URI and the
//! PKCE challenge they were given for.

mod behaviour;
mod keys;
mod token;
mod wire;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gantry_kernel::Kernel;
use gantry_kernel::crypto::sha256;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub use behaviour::{Behaviour, Fault, Signing};
use keys::KEYS;
use wire::{Asked, Told};

/// Where the provider describes itself.
pub const DISCOVERY: &str = "/.well-known/openid-configuration";
/// Where it shows its keys.
pub const JWKS: &str = "/jwks";
/// Where it exchanges codes.
pub const TOKEN: &str = "/token";

/// What it knows its one client as.
pub const CLIENT_ID: &str = "gantry one";
/// The client's secret.
pub const CLIENT_SECRET: &str = "s:cret/wïth%odd+characters";

/// What a code stands for.
struct Granted {
    nonce: String,
    challenge: String,
    redirect_uri: String,
}

#[derive(Default)]
struct State {
    behaviour: Behaviour,
    codes: BTreeMap<String, Granted>,
    given: u64,
    asked: BTreeMap<String, usize>,
}

struct Inner {
    address: SocketAddr,
    kernel: Kernel,
    state: Mutex<State>,
}

/// The provider; it ends with the test.
#[derive(Clone)]
pub struct OpenIdProvider(Arc<Inner>);

/// What a browser comes back with.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The code.
    pub code: String,
    /// The state as it was sent.
    pub state: String,
    /// The issuer, where the provider names it.
    pub iss: Option<String>,
}

impl Visit {
    /// As the console posts it.
    pub fn json(&self) -> Value {
        let mut body = json!({ "code": self.code, "state": self.state });
        if let Some(iss) = &self.iss {
            body["iss"] = json!(iss);
        }
        body
    }
}

impl OpenIdProvider {
    /// A provider whose tokens are of the kernel's time.
    pub async fn start(kernel: &Kernel) -> Self {
        // Now, not while somebody waits for an answer.
        LazyLock::force(&KEYS);
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port for the provider");
        let address = listener.local_addr().expect("the provider's address");
        let provider = Self(Arc::new(Inner {
            address,
            kernel: kernel.clone(),
            state: Mutex::default(),
        }));
        let weak = Arc::downgrade(&provider.0);
        tokio::spawn(wire::serve(listener, move |asked| {
            weak.upgrade().map(|inner| Self(inner).answer(&asked))
        }));
        provider
    }

    /// Its name.
    pub fn issuer(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// Changes how it behaves from now on.
    pub fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.state().behaviour);
    }

    /// Behaves well again, for another person.
    pub fn has(&self, subject: &str) {
        self.change(|behaviour| {
            *behaviour = Behaviour {
                subject: subject.to_owned(),
                ..Behaviour::default()
            }
        });
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.state().asked.get(path).copied().unwrap_or_default()
    }

    /// The person signs in where the browser was sent, and comes back.
    pub fn visit(&self, authorization_url: &str) -> Visit {
        let url = Url::parse(authorization_url).expect("an address to send browsers to");
        assert!(
            authorization_url.starts_with(&format!("{}/authorize?", self.issuer())),
            "{authorization_url}"
        );
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let value = |name: &str| {
            query
                .get(name)
                .unwrap_or_else(|| panic!("no {name} in {url}"))
        };
        assert_eq!(value("response_type"), "code");
        assert_eq!(value("code_challenge_method"), "S256");
        assert_eq!(value("client_id"), CLIENT_ID);
        assert!(value("scope").split(' ').any(|word| word == "openid"));
        let mut state = self.state();
        state.given += 1;
        let code = format!("code-{}-of-{}", state.given, self.0.address.port());
        let granted = Granted {
            nonce: value("nonce").clone(),
            challenge: value("code_challenge").clone(),
            redirect_uri: value("redirect_uri").clone(),
        };
        state.codes.insert(code.clone(), granted);
        let iss = match &state.behaviour.names_issuer {
            Some(Value::String(iss)) => Some(iss.clone()),
            Some(_) => Some(self.issuer()),
            None => None,
        };
        Visit {
            code,
            state: value("state").clone(),
            iss,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, asked: &Asked) -> Told {
        let mut state = self.state();
        *state.asked.entry(asked.path.clone()).or_default() += 1;
        if let Some(fault) = state.behaviour.faults.get(asked.path.as_str()) {
            return fault.told();
        }
        match asked.path.as_str() {
            DISCOVERY => Told::json(&self.description(&state.behaviour)),
            JWKS => Told::json(&json!({ "keys": KEYS.published() })),
            TOKEN => self.exchange(&mut state, asked),
            _ => Told::status(404),
        }
    }

    fn description(&self, behaviour: &Behaviour) -> Value {
        let issuer = self.issuer();
        let mut document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}{TOKEN}"),
            "jwks_uri": format!("{issuer}{JWKS}"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "authorization_response_iss_parameter_supported": behaviour.names_issuer.is_some(),
        });
        patch(&mut document, &behaviour.description);
        document
    }

    fn exchange(&self, state: &mut State, asked: &Asked) -> Told {
        let refused = |why: &str| Told::json(&json!({ "error": why })).with_status(400);
        let base = Url::parse("http://form/").expect("an address");
        let mut form = base;
        form.set_query(Some(&asked.body));
        let form: BTreeMap<String, String> = form.query_pairs().into_owned().collect();
        let value = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if !known_client(asked, &form) && !state.behaviour.public_client {
            return refused("invalid_client");
        }
        let Some(granted) = state.codes.remove(value("code")) else {
            return refused("invalid_grant");
        };
        let challenge = URL_SAFE_NO_PAD.encode(sha256(value("code_verifier").as_bytes()));
        if value("grant_type") != "authorization_code"
            || granted.challenge != challenge
            || granted.redirect_uri != value("redirect_uri")
        {
            return refused("invalid_grant");
        }
        let behaviour = &state.behaviour;
        let now = self.0.kernel.now().as_seconds();
        let mut claims = json!({
            "iss": self.issuer(),
            "sub": behaviour.subject,
            "aud": CLIENT_ID,
            "nonce": granted.nonce,
            "iat": now,
            "exp": now + 300,
            "email": behaviour.email,
            "email_verified": behaviour.email_verified,
            "name": "Person At Provider",
        });
        patch(&mut claims, &behaviour.claims);
        let token = token::sign(behaviour, &claims);
        Told::json(&json!({ "access_token": "none", "token_type": "Bearer", "id_token": token }))
    }
}

/// By `client_secret_basic` or `client_secret_post`.
fn known_client(asked: &Asked, form: &BTreeMap<String, String>) -> bool {
    let encoded = |text: &str| {
        let mut url = Url::parse("http://form/").expect("an address");
        url.query_pairs_mut().append_pair("", text);
        url.query().unwrap_or_default()[1..].to_owned()
    };
    let pair = format!("{}:{}", encoded(CLIENT_ID), encoded(CLIENT_SECRET));
    let basic = format!("Basic {}", STANDARD.encode(pair));
    let posted = form.get("client_id").map(String::as_str) == Some(CLIENT_ID)
        && form.get("client_secret").map(String::as_str) == Some(CLIENT_SECRET);
    asked.authorization.as_deref() == Some(basic.as_str()) || posted
}

/// Sets members; null removes one.
fn patch(object: &mut Value, by: &Value) {
    let (Some(object), Some(by)) = (object.as_object_mut(), by.as_object()) else {
        return;
    };
    for (name, value) in by {
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
}
