//! The header: for each recipient the file's key, locked with a key that only they can come to.

use std::io::{Read, Write};

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use gantry_kernel::Kernel;
use gantry_kernel::crypto::hmac_sha256;
use zeroize::Zeroizing;

use super::{AgeError, Identity, Opening, Recipient, Sealing, hkdf, public_of, shared};

const VERSION: &str = "age-encryption.org/v1";
const LABEL: &[u8] = b"age-encryption.org/v1/X25519";
/// No header of ours comes near; a file that is no age file ends the search early.
const LONGEST: usize = 64 << 10;
const COLUMNS: usize = 64;

/// Writes the header; what is then written to the answer is for these recipients only.
pub(crate) fn seal<W: Write>(
    mut out: W,
    recipients: &[Recipient],
    kernel: &Kernel,
) -> Result<Sealing<W>, AgeError> {
    let mut file_key = Zeroizing::new([0; 16]);
    kernel.entropy.fill(file_key.as_mut());
    let mut text = format!("{VERSION}\n");
    for recipient in recipients {
        let mut ephemeral = Zeroizing::new([0; 32]);
        kernel.entropy.fill(ephemeral.as_mut());
        let share = public_of(&ephemeral)?;
        let agreed = shared(&ephemeral, recipient.bytes())?;
        let mut body = file_key.to_vec();
        wrapping(&agreed, &share, recipient)?
            .seal_in_place_append_tag(zero(), Aad::empty(), &mut body)
            .map_err(|_| AgeError::Refused("to lock"))?;
        let line = format!(
            "-> X25519 {}\n{}\n",
            BASE64.encode(share),
            BASE64.encode(&body)
        );
        text.push_str(&line);
    }
    text.push_str("---");
    let mac = mac(&file_key, text.as_bytes());
    let end = format!("{text} {}\n", BASE64.encode(mac));
    out.write_all(end.as_bytes())?;
    let mut nonce = [0; 16];
    kernel.entropy.fill(&mut nonce);
    out.write_all(&nonce)?;
    Sealing::new(out, &hkdf(file_key.as_ref(), &nonce, b"payload"))
}

/// Reads the header; what is then read from the answer is the data.
pub(crate) fn open<R: Read>(mut from: R, identity: &Identity) -> Result<Opening<R>, AgeError> {
    let mut signed = Vec::new();
    if line(&mut from, &mut signed)? != VERSION {
        return Err(AgeError::NotAge);
    }
    let (mut file_key, mut said) = (None, None);
    while said.is_none() {
        let before = signed.len();
        let text = line(&mut from, &mut signed)?;
        if let Some(mac) = text.strip_prefix("--- ") {
            signed.truncate(before + 3);
            said = Some(decoded(mac)?);
            continue;
        }
        let arguments: Vec<&str> = text
            .strip_prefix("-> ")
            .ok_or(AgeError::Damaged("the header"))?
            .split(' ')
            .collect();
        let body = body(&mut from, &mut signed)?;
        if let ["X25519", share] = arguments[..]
            && file_key.is_none()
        {
            file_key = unwrap(identity, share, body)?;
        }
    }
    let file_key = file_key.ok_or(AgeError::WrongKey)?;
    let said = said.unwrap_or_default();
    verify_slices_are_equal(&mac(&file_key, &signed), &said)
        .map_err(|_| AgeError::Damaged("the header"))?;
    let mut nonce = [0; 16];
    from.read_exact(&mut nonce)
        .map_err(|_| AgeError::Damaged("it ends in the middle"))?;
    Opening::new(from, &hkdf(file_key.as_ref(), &nonce, b"payload"))
}

/// The file's key, if this identity is the one the stanza is for.
fn unwrap(
    identity: &Identity,
    share: &str,
    mut body: Vec<u8>,
) -> Result<Option<Zeroizing<[u8; 16]>>, AgeError> {
    let share: [u8; 32] = decoded(share)?
        .try_into()
        .map_err(|_| AgeError::Damaged("a share"))?;
    if body.len() != 32 {
        return Err(AgeError::Damaged("a locked key"));
    }
    let agreed = shared(&identity.secret, &share)?;
    let key = wrapping(&agreed, &share, &identity.recipient)?;
    let Ok(opened) = key.open_in_place(zero(), Aad::empty(), &mut body) else {
        return Ok(None);
    };
    let mut file_key = Zeroizing::new([0; 16]);
    file_key.copy_from_slice(opened);
    Ok(Some(file_key))
}

fn wrapping(
    agreed: &[u8; 32],
    share: &[u8; 32],
    recipient: &Recipient,
) -> Result<LessSafeKey, AgeError> {
    let salt = [&share[..], &recipient.bytes()[..]].concat();
    cipher(&hkdf(agreed, &salt, LABEL))
}

pub(super) fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, AgeError> {
    UnboundKey::new(&CHACHA20_POLY1305, key)
        .map(LessSafeKey::new)
        .map_err(|_| AgeError::Refused("a key"))
}

/// Each wrapping key is used once.
fn zero() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn mac(file_key: &[u8; 16], header: &[u8]) -> [u8; 32] {
    hmac_sha256(hkdf(file_key, &[], b"header").as_ref(), header)
}

fn decoded(text: &str) -> Result<Vec<u8>, AgeError> {
    BASE64
        .decode(text)
        .map_err(|_| AgeError::Damaged("the header"))
}

/// The lines of a stanza's body: full ones, and one that is shorter.
fn body(from: &mut impl Read, signed: &mut Vec<u8>) -> Result<Vec<u8>, AgeError> {
    let mut body = Vec::new();
    loop {
        let text = line(from, signed)?;
        if text.len() > COLUMNS {
            return Err(AgeError::Damaged("the header"));
        }
        body.extend(decoded(&text)?);
        if text.len() < COLUMNS {
            return Ok(body);
        }
    }
}

/// A line without its end. Read byte by byte: what follows the header belongs to somebody else.
fn line(from: &mut impl Read, signed: &mut Vec<u8>) -> Result<String, AgeError> {
    let start = signed.len();
    let mut byte = [0; 1];
    loop {
        match from.read_exact(&mut byte) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(AgeError::Damaged("it ends in the middle"));
            }
            Err(error) => return Err(error.into()),
        }
        signed.push(byte[0]);
        if byte[0] == b'\n' {
            let text = signed.get(start..signed.len() - 1).unwrap_or_default();
            return String::from_utf8(text.to_vec()).map_err(|_| AgeError::NotAge);
        }
        if start == 0 && !VERSION.as_bytes().starts_with(signed) {
            return Err(AgeError::NotAge);
        }
        if signed.len() > LONGEST {
            return Err(AgeError::Damaged("the header"));
        }
    }
}
