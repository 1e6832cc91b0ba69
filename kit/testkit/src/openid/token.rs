//! ID tokens, good and bad, put together by hand: no library would sign the bad ones.

use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_kernel::crypto::hmac_sha256;
use serde_json::{Value, json};

use super::behaviour::{Behaviour, Signing};
use super::keys::{KEYS, Keys};
use super::{CLIENT_SECRET, patch};

pub(super) fn sign(behaviour: &Behaviour, claims: &Value) -> String {
    let (alg, kid) = match behaviour.signing {
        Signing::Rs256 | Signing::Stranger | Signing::Tampered => ("RS256", "rsa"),
        Signing::Ps256 => ("PS256", "rsa"),
        Signing::Es256 => ("ES256", "ec"),
        Signing::EdDsa => ("EdDSA", "ed"),
        Signing::None => ("none", "rsa"),
        Signing::HmacOfPublicKey | Signing::HmacOfClientSecret => ("HS256", "rsa"),
    };
    let mut header = json!({ "alg": alg, "typ": "JWT", "kid": kid });
    patch(&mut header, &behaviour.header);
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut message = format!("{}.{}", part(&header), part(claims));
    let bytes = message.as_bytes();
    let signature = match behaviour.signing {
        Signing::Rs256 | Signing::Tampered => rsa(&KEYS.rsa, &RSA_PKCS1_SHA256, bytes),
        Signing::Ps256 => rsa(&KEYS.rsa, &RSA_PSS_SHA256, bytes),
        Signing::Stranger => rsa(&KEYS.strangers, &RSA_PKCS1_SHA256, bytes),
        Signing::Es256 => {
            let signed = KEYS.ec.sign(&Keys::random(), bytes);
            signed.expect("a signature").as_ref().to_vec()
        }
        Signing::EdDsa => KEYS.ed.sign(bytes).as_ref().to_vec(),
        Signing::None => Vec::new(),
        Signing::HmacOfPublicKey => hmac_sha256(&KEYS.public_der(), bytes).to_vec(),
        Signing::HmacOfClientSecret => hmac_sha256(CLIENT_SECRET.as_bytes(), bytes).to_vec(),
    };
    if behaviour.signing == Signing::Tampered {
        let mut changed = claims.clone();
        changed["sub"] = json!("somebody-else");
        message = format!("{}.{}", part(&header), part(&changed));
    }
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn rsa(key: &RsaKeyPair, padding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(padding, &Keys::random(), message, &mut signature)
        .expect("a signature");
    signature
}
