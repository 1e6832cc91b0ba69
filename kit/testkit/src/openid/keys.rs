//! The provider's keys, made once per test program.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub(super) struct Keys {
    pub(super) rsa: RsaKeyPair,
    pub(super) ec: EcdsaKeyPair,
    pub(super) ed: Ed25519KeyPair,
    pub(super) strangers: RsaKeyPair,
}

pub(super) static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    rsa: rsa(),
    ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a new key"),
    ed: Ed25519KeyPair::generate().expect("a new key"),
    strangers: rsa(),
});

fn rsa() -> RsaKeyPair {
    RsaKeyPair::generate(KeySize::Rsa2048).expect("a new key")
}

impl Keys {
    /// The published key set, with keys that nobody should use among the others.
    pub(super) fn published(&self) -> Vec<Value> {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let public = self.rsa.public_key();
        let (n, e) = (
            text(public.modulus().big_endian_without_leading_zero()),
            text(public.exponent().big_endian_without_leading_zero()),
        );
        let point = self.ec.public_key().as_ref();
        let (x, y) = (text(&point[1..33]), text(&point[33..]));
        let ed = text(self.ed.public_key().as_ref());
        vec![
            json!({ "kty": "RSA", "use": "enc", "kid": "encrypts", "n": n, "e": e }),
            json!({ "kty": "future", "kid": "unheard-of", "q": "AQAB" }),
            json!({ "kty": "RSA", "use": "sig", "kid": "rsa", "n": n, "e": e }),
            json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "rs256", "n": n, "e": e }),
            json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "ec", "x": x, "y": y }),
            json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "ed", "x": ed }),
        ]
    }

    /// The RSA key as PEM tools would write it.
    pub(super) fn public_der(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = self.rsa.public_key().as_der().expect("its encoding");
        der.as_ref().to_vec()
    }

    pub(super) fn random() -> SystemRandom {
        SystemRandom::new()
    }
}
