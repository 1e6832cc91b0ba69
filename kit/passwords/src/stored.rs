//! Stored hashes of every kind: Argon2 as this server makes them, and what was imported from elsewhere. Each
//! is replaced by a hash at today's cost when its owner signs in.

use bcrypt::HashParts;
use gantry_kernel::crypto::constant_time_eq;

use crate::phc::{self, HashError, Memory};

/// The highest cost of a bcrypt hash: about 0.6 s of one hashing thread per attempt.
const MAX_BCRYPT_COST: u32 = 13;
/// Bytes of a password that bcrypt looks at.
const BCRYPT_BYTES: usize = 72;

/// Whether `password` is the one in `stored`.
pub(crate) fn verify(
    password: &[u8],
    stored: &str,
    memory: &mut Memory,
) -> Result<bool, HashError> {
    if stored.starts_with("$2") {
        verify_bcrypt(password, stored)
    } else {
        phc::verify(password, stored, memory)
    }
}

/// Refuses a hash that could not be verified here: an unknown kind, a damaged one, or one whose cost could take
/// the machine down.
pub fn check(stored: &str) -> Result<(), HashError> {
    if stored.starts_with("$2") {
        parse_bcrypt(stored).map(|_| ())
    } else {
        phc::check(stored)
    }
}

/// `$2a$`, `$2b$` and `$2y$`, which mean the same for every password but those that triggered old bugs. `$2x$`
/// marks hashes made by such a bug; nothing verifies them rightly.
fn parse_bcrypt(stored: &str) -> Result<HashParts, HashError> {
    if !["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|kind| stored.starts_with(kind))
    {
        return Err(HashError::Unreadable(
            "bcrypt of another kind than $2a$, $2b$ and $2y$".to_owned(),
        ));
    }
    let parts: HashParts = stored
        .parse()
        .map_err(|error: bcrypt::BcryptError| HashError::Unreadable(error.to_string()))?;
    let cost = parts.get_cost();
    if !(4..=MAX_BCRYPT_COST).contains(&cost) {
        return Err(HashError::Cost(format!(
            "bcrypt cost {cost}; 4 to {MAX_BCRYPT_COST} are accepted"
        )));
    }
    Ok(parts)
}

/// As crypt(3) does it: of a longer password the first 72 bytes count, so that whoever set one elsewhere can sign
/// in (and then gets a hash of all of it). A NUL ends the password for some implementations and not for
/// others: it matches nothing, but takes as long.
fn verify_bcrypt(password: &[u8], stored: &str) -> Result<bool, HashError> {
    let parts = parse_bcrypt(stored)?;
    let ambiguous = password.iter().take(BCRYPT_BYTES).any(|byte| *byte == 0);
    let again = bcrypt::hash_with_salt(password, parts.get_cost(), parts.get_salt_raw())
        .map_err(|error| HashError::Unreadable(error.to_string()))?;
    // Both in the same writing: the kinds differ in their prefix only.
    let same = constant_time_eq(again.to_string().as_bytes(), parts.to_string().as_bytes());
    Ok(same && !ambiguous)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(password: impl AsRef<[u8]>, stored: &str) -> bool {
        verify(password.as_ref(), stored, &mut Memory::default()).unwrap()
    }

    /// Of the test vectors of `crypt_blowfish` (`wrapper.c`) and of jBCrypt.
    #[test]
    fn known_hashes_verify() {
        for (password, stored) in [
            (
                "U*U",
                "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            ),
            (
                "U*U*",
                "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK",
            ),
            (
                "U*U*U",
                "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a",
            ),
            (
                "",
                "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy",
            ),
            (
                "abc",
                "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
            ),
            (
                "abcdefghijklmnopqrstuvwxyz",
                "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC",
            ),
        ] {
            assert!(fits(password, stored), "{password}");
            assert!(!fits(format!("{password}x"), stored), "{password}");
            for kind in ["$2b$", "$2y$"] {
                assert!(fits(password, &stored.replacen("$2a$", kind, 1)));
            }
        }
        let eight_bit = b"\xa3";
        assert!(fits(
            eight_bit,
            "$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"
        ));
        assert!(fits(
            eight_bit,
            "$2b$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"
        ));
    }

    #[test]
    fn bcrypt_looks_at_72_bytes_and_a_nul_fits_nothing() {
        // crypt_blowfish's vector of a password that is longer than 72 bytes.
        let alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let stored = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
        assert_eq!(alphabet.len(), BCRYPT_BYTES);
        assert!(fits(
            format!("{alphabet}chars after 72 are ignored"),
            stored
        ));
        assert!(fits(alphabet, stored));
        assert!(!fits(&alphabet[..71], stored));
        let of_nothing = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy";
        for password in ["\0", "\0x", "U*U\0"] {
            assert!(!fits(password, of_nothing));
            assert!(!fits(
                password,
                "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
            ));
        }
    }

    #[test]
    fn what_could_take_the_machine_down_is_refused() {
        let salt_and_hash = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        for cost in ["14", "31", "03", "99"] {
            let stored = format!("$2b${cost}${salt_and_hash}");
            assert!(
                matches!(check(&stored), Err(HashError::Cost(_))),
                "{stored}"
            );
            let verified = verify(b"x", &stored, &mut Memory::default());
            assert!(matches!(verified, Err(HashError::Cost(_))), "{stored}");
        }
        for stored in [
            format!("$2x$05${salt_and_hash}"),
            format!("$2$05${salt_and_hash}"),
            format!("$2b$05${}", &salt_and_hash[1..]),
            "$2b$05$\u{e9}".to_owned(),
            String::new(),
        ] {
            assert!(
                matches!(check(&stored), Err(HashError::Unreadable(_))),
                "{stored}"
            );
        }
    }
}
