//! An authenticator with one passkey (WebAuthn level 3), written apart from what it tests: it signs with a real key,
//! and says whatever a test wants it to say.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_kernel::crypto::sha256;
use serde_json::{Value, json};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const SYNCABLE: u8 = 0x08;
const SYNCED: u8 = 0x10;
const NEW_KEY: u8 = 0x40;

/// An authenticator and the browser it is used in. Every field may be changed between two uses.
#[derive(Debug)]
pub struct SoftPasskey {
    key: EcdsaKeyPair,
    /// The authenticator's name for the key.
    pub id: Vec<u8>,
    /// The site that the browser shows.
    pub origin: String,
    /// Whether the page is inside one of another site.
    pub framed: bool,
    /// The site that the key is used for; the one that asks, when there is none here.
    pub site: Option<String>,
    /// Whether it verifies the person.
    pub verifies: bool,
    /// How often it signed; an authenticator that copies its keys says 0 always.
    pub counter: Option<u32>,
    /// The account's name, from the registration.
    pub user_handle: Option<String>,
}

impl SoftPasskey {
    /// A new key, used on pages of `origin`, that counts its signatures.
    pub fn new(origin: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a new key");
        let id = sha256(key.public_key().as_ref()).to_vec();
        Self {
            key,
            id,
            origin: origin.to_owned(),
            framed: false,
            site: None,
            verifies: true,
            counter: Some(0),
            user_handle: None,
        }
    }

    /// The same that copies its key to other devices, and so does not count.
    pub fn synced(origin: &str) -> Self {
        Self {
            counter: None,
            ..Self::new(origin)
        }
    }

    /// Answers `navigator.credentials.create` as `toJSON` would give it.
    pub fn create(&mut self, options: &Value) -> Value {
        self.user_handle = Some(text(&options["user"]["id"]));
        let site = text(&options["rp"]["id"]);
        let mut data = self.data(&site, NEW_KEY);
        data.extend([0; 16]);
        let length = u16::try_from(self.id.len()).expect("a short name");
        data.extend(length.to_be_bytes());
        data.extend(&self.id);
        data.extend(self.public_key());
        let mut attestation = vec![0xa3];
        attestation.extend(cbor_text("fmt"));
        attestation.extend(cbor_text("none"));
        attestation.extend(cbor_text("attStmt"));
        attestation.push(0xa0);
        attestation.extend(cbor_text("authData"));
        attestation.extend(cbor_bytes(&data));
        let client = self.client("webauthn.create", options);
        self.credential(&json!({
            "clientDataJSON": encode(&client),
            "attestationObject": encode(&attestation),
            "transports": ["internal"],
        }))
    }

    /// Answers `navigator.credentials.get` as `toJSON` would give it.
    pub fn get(&mut self, options: &Value) -> Value {
        self.counter = self.counter.map(|counter| counter + 1);
        let site = text(&options["rpId"]);
        let data = self.data(&site, 0);
        let client = self.client("webauthn.get", options);
        let signed = [data.as_slice(), &sha256(&client)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed);
        let signature = signature.expect("a signature");
        self.credential(&json!({
            "clientDataJSON": encode(&client),
            "authenticatorData": encode(&data),
            "signature": encode(signature.as_ref()),
            "userHandle": self.user_handle,
        }))
    }

    fn credential(&self, response: &Value) -> Value {
        json!({
            "id": encode(&self.id),
            "rawId": encode(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        })
    }

    fn client(&self, kind: &str, options: &Value) -> Vec<u8> {
        let client = json!({
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": self.framed,
        });
        client.to_string().into_bytes()
    }

    fn data(&self, asking: &str, more: u8) -> Vec<u8> {
        let site = self.site.as_deref().unwrap_or(asking);
        let mut flags = PRESENT | more;
        if self.verifies {
            flags |= VERIFIED;
        }
        if self.counter.is_none() {
            flags |= SYNCABLE | SYNCED;
        }
        let mut data = sha256(site.as_bytes()).to_vec();
        data.push(flags);
        data.extend(self.counter.unwrap_or(0).to_be_bytes());
        data
    }

    /// The key as COSE has it: a map of kty EC2, alg ES256, crv P-256, x and y.
    fn public_key(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        let mut key = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21];
        key.extend(cbor_bytes(&point[1..33]));
        key.push(0x22);
        key.extend(cbor_bytes(&point[33..65]));
        key
    }
}

fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("the options lack a text: {value}"))
        .to_owned()
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn cbor_text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("a short text");
    [&[0x60 | length], text.as_bytes()].concat()
}

fn cbor_bytes(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("less than 64 KiB");
    [&[0x59], length.to_be_bytes().as_slice(), bytes].concat()
}
