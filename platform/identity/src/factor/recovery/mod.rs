//! Recovery codes: ten, each good once, for when the other factors are gone.

pub(crate) mod api;
pub(crate) mod store;

use gantry_audit::{Entry, Facts, Target};
use gantry_db::{DbError, Tx};
use gantry_kernel::{Actor, IdentityId, Origin, Secret, crypto};
use gantry_proofs::base32::{CROCKFORD, encode};
use serde_json::json;

use crate::account::Account;
use crate::{Error, mail};

/// Codes of a set.
const CODES: usize = 10;
/// Bytes of a code: 120 bits. With 112 or more a fast hash is enough (ASVS 5.0, 6.5.2).
const BYTES: usize = 15;

/// A code as shown: six groups of four.
fn shown(bytes: &[u8; BYTES]) -> String {
    let text = encode(CROCKFORD, bytes);
    let groups: Vec<&str> = (0..6)
        .filter_map(|group| text.get(group * 4..group * 4 + 4))
        .collect();
    groups.join("-")
}

/// What is stored of a code as somebody typed it: case, hyphens and spaces do not count, and what looks like a digit is
/// that digit. A fast hash will do: who reads the table has 120 random bits to guess.
fn hash(code: &str) -> Vec<u8> {
    let typed = code.chars().filter_map(|c| match c.to_ascii_lowercase() {
        '-' | ' ' => None,
        'o' => Some('0'),
        'i' | 'l' => Some('1'),
        other => Some(other),
    });
    crypto::sha256(typed.collect::<String>().as_bytes()).to_vec()
}

/// Makes a new set in place of the one before.
pub(super) async fn replace(tx: &mut Tx, person: IdentityId) -> Result<Vec<String>, DbError> {
    store::forget(tx, person).await?;
    let mut codes = Vec::with_capacity(CODES);
    for _ in 0..CODES {
        let mut bytes = Secret::new([0; BYTES]);
        tx.kernel().entropy.fill(bytes.expose_mut());
        let code = shown(bytes.expose());
        store::put(tx, person, hash(&code)).await?;
        codes.push(code);
    }
    Ok(codes)
}

/// Whether `given` is an unused code of the account; it is used with it, and the owner hears of it.
pub(super) async fn accept(
    tx: &mut Tx,
    account: &Account,
    given: &Secret<String>,
    origin: &Origin,
) -> Result<bool, Error> {
    if !store::consume(tx, account.id, hash(given.expose())).await? {
        return Ok(false);
    }
    let left = store::left(tx, account.id).await?;
    let entry = Entry::new(
        Actor::Identity(account.id),
        "identity.recovery_code.used",
        Target::new("identity", account.id),
    );
    let entry = entry.after(Facts::new().with("left", left)).origin(origin);
    gantry_audit::append(tx, entry).await?;
    let params = json!({ "left": left });
    mail::put(tx, mail::RECOVERY_CODE_USED, &account.email, params).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_six_groups_of_four() {
        assert_eq!(shown(&[0; BYTES]), "0000-0000-0000-0000-0000-0000");
        assert_eq!(shown(&[0xff; BYTES]), "zzzz-zzzz-zzzz-zzzz-zzzz-zzzz");
    }

    proptest! {
        #[test]
        fn a_code_is_known_however_it_is_typed(bytes: [u8; BYTES]) {
            let code = shown(&bytes);
            prop_assert_eq!(code.len(), 29);
            let stored = hash(&code);
            prop_assert_eq!(&hash(&code.replace('-', "")), &stored);
            prop_assert_eq!(&hash(&format!(" {} ", code.to_uppercase().replace('-', " "))), &stored);
            prop_assert_eq!(&hash(&code.replace('0', "O").replace('1', "l")), &stored);
            prop_assert_ne!(&hash(&code[1..]), &stored);
        }
    }
}
