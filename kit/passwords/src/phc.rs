//! Password hashes as they are stored: PHC strings, so that cost and algorithm can change per row.

use argon2::password_hash::phc::{Ident, Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// The most memory a stored hash may ask for: a row must not be able to take the machine down.
pub const MAX_MEMORY_KIB: u32 = 256 * 1024;
/// The most a stored hash may ask for in memory times passes: about 0.35 s of one hashing thread per attempt.
pub const MAX_WORK_KIB: u64 = 512 * 1024;
/// The least memory in KiB for 1, 2, ... passes of Argon2id with one lane: OWASP's equally strong
/// configurations (Password Storage Cheat Sheet). More passes do not need less than the last.
pub const LEAST_MEMORY_KIB: [u32; 5] = [47_104, 19_456, 12_288, 9_216, 7_168];
/// The shortest stored hash: a shorter one is met by chance or by search.
const LEAST_HASH_BYTES: usize = 16;
/// Bytes of salt (RFC 9106, section 3.1: 16 is recommended).
pub(crate) const SALT_BYTES: usize = 16;
/// Bytes of the hash itself.
const HASH_BYTES: usize = 32;

/// What a new hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Cost {
    /// Argon2id with 19 MiB, two passes, one lane: OWASP's recommendation.
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
            lanes: 1,
        }
    }
}

/// Why a hash could not be made or compared.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The stored text is not a PHC string of an algorithm known here.
    #[error("stored password hash is not understood: {0}")]
    Unreadable(String),
    /// The configured or stored cost is outside what Argon2 or this server allows.
    #[error("password hash parameters are out of bounds: {0}")]
    Cost(String),
    /// Argon2 refused the input.
    #[error("password hashing failed: {0}")]
    Argon2(argon2::Error),
}

impl Cost {
    fn params(self) -> Result<Params, HashError> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(HASH_BYTES))
            .map_err(|error| HashError::Cost(error.to_string()))
    }

    /// Refuses costs that Argon2 does not know or that could take the machine down.
    pub(crate) fn check(self) -> Result<(), HashError> {
        bounded(&self.params()?)
    }
}

fn bounded(params: &Params) -> Result<(), HashError> {
    let (memory, passes) = (params.m_cost(), params.t_cost());
    if memory > MAX_MEMORY_KIB {
        return Err(HashError::Cost(format!("{memory} KiB of memory")));
    }
    if u64::from(memory) * u64::from(passes) > MAX_WORK_KIB {
        return Err(HashError::Cost(format!(
            "{passes} passes over {memory} KiB"
        )));
    }
    Ok(())
}

/// The block memory of one hash at a time, kept between hashes and grown when a row asks for more.
#[derive(Default)]
pub(crate) struct Memory(Vec<Block>);

impl Memory {
    fn blocks(&mut self, params: &Params) -> &mut [Block] {
        if self.0.len() < params.block_count() {
            self.0.resize(params.block_count(), Block::default());
        }
        &mut self.0
    }

    /// Gives back what hashes of `cost` do not need: one costly row must not hold memory for ever.
    pub(crate) fn keep(&mut self, cost: Cost) {
        let needed = cost.params().map_or(0, |params| params.block_count());
        if self.0.len() > needed {
            self.0.truncate(needed);
            self.0.shrink_to_fit();
        }
    }

    /// Bytes held now.
    pub(crate) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Block>()
    }
}

/// Hashes `password` into a PHC string.
pub(crate) fn hash(
    password: &[u8],
    salt: &[u8; SALT_BYTES],
    cost: Cost,
    memory: &mut Memory,
) -> Result<String, HashError> {
    let params = cost.params()?;
    bounded(&params)?;
    let phc = |error: argon2::password_hash::phc::Error| HashError::Cost(error.to_string());
    let mut stored = PasswordHash {
        algorithm: Ident::new("argon2id").map_err(phc)?,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params)
            .map_err(|error| HashError::Cost(error.to_string()))?,
        salt: Some(Salt::new(salt).map_err(phc)?),
        hash: None,
    };
    let mut out = [0_u8; HASH_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password, salt, &mut out, memory.blocks(&params))
        .map_err(HashError::Argon2)?;
    stored.hash = Some(Output::new(&out).map_err(phc)?);
    Ok(stored.to_string())
}

/// Whether `password` is the one in `stored`; the comparison takes the same time wherever they differ.
pub(crate) fn verify(
    password: &[u8],
    stored: &str,
    memory: &mut Memory,
) -> Result<bool, HashError> {
    let Stored {
        argon2,
        salt,
        expected,
    } = parse(stored)?;
    let params = argon2.params().clone();
    let mut out = vec![0_u8; expected.as_ref().len()];
    argon2
        .hash_password_into_with_memory(password, salt.as_ref(), &mut out, memory.blocks(&params))
        .map_err(HashError::Argon2)?;
    Ok(gantry_kernel::crypto::constant_time_eq(
        &out,
        expected.as_ref(),
    ))
}

struct Stored {
    argon2: Argon2<'static>,
    salt: Salt,
    expected: Output,
}

/// Argon2id, and Argon2i of older installations; Argon2d is not for passwords (RFC 9106, section 4).
fn parse(stored: &str) -> Result<Stored, HashError> {
    let unreadable = |why: &str| HashError::Unreadable(why.to_owned());
    let parsed =
        PasswordHash::new(stored).map_err(|error| HashError::Unreadable(error.to_string()))?;
    let algorithm = match parsed.algorithm.as_str() {
        "argon2id" => Algorithm::Argon2id,
        "argon2i" => Algorithm::Argon2i,
        other => return Err(HashError::Unreadable(format!("algorithm {other}"))),
    };
    let version = parsed
        .version
        .map_or(Ok(Version::V0x10), Version::try_from)
        .map_err(|error| HashError::Unreadable(error.to_string()))?;
    let params =
        Params::try_from(&parsed).map_err(|error| HashError::Unreadable(error.to_string()))?;
    bounded(&params)?;
    let salt = parsed.salt.ok_or_else(|| unreadable("no salt"))?;
    let expected = parsed.hash.ok_or_else(|| unreadable("no hash"))?;
    if expected.as_ref().len() < LEAST_HASH_BYTES {
        return Err(unreadable("a hash of fewer than 16 bytes"));
    }
    Ok(Stored {
        argon2: Argon2::new(algorithm, version, params),
        salt,
        expected,
    })
}

/// Refuses what [`verify`] could not compare.
pub(crate) fn check(stored: &str) -> Result<(), HashError> {
    parse(stored).map(|_| ())
}

/// Whether `stored` was made with another algorithm or another cost than `cost`, so that the next
/// successful log-in should replace it.
pub(crate) fn is_outdated(stored: &str, cost: Cost) -> bool {
    let Ok(parsed) = PasswordHash::new(stored) else {
        return true;
    };
    let Ok(params) = Params::try_from(&parsed) else {
        return true;
    };
    parsed.algorithm.as_str() != "argon2id"
        || params.m_cost() != cost.memory_kib
        || params.t_cost() != cost.passes
        || params.p_cost() != cost.lanes
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };

    #[test]
    fn a_hash_verifies_and_another_password_does_not() {
        let mut memory = Memory::default();
        let stored = hash(b"correct horse", &[7; SALT_BYTES], CHEAP, &mut memory).unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"),
            "{stored}"
        );
        assert!(verify(b"correct horse", &stored, &mut memory).unwrap());
        assert!(!verify(b"correct horsf", &stored, &mut memory).unwrap());
        assert!(!is_outdated(&stored, CHEAP));
        assert!(is_outdated(&stored, Cost::default()));
    }

    #[test]
    fn a_hash_of_the_reference_program_verifies() {
        // echo -n "password" | argon2 somesalt -id -t 2 -m 16 -p 1, from the reference test vectors.
        let stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let mut memory = Memory::default();
        assert!(verify(b"password", stored, &mut memory).unwrap());
        assert!(!verify(b"Password", stored, &mut memory).unwrap());
    }

    #[test]
    fn a_row_cannot_ask_for_the_whole_machine() {
        let stored = "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(matches!(
            verify(b"x", stored, &mut Memory::default()),
            Err(HashError::Cost(_))
        ));
        for stored in [
            "$argon2id$v=19$m=262144,t=3,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=64,t=4294967295,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ] {
            assert!(matches!(check(stored), Err(HashError::Cost(_))), "{stored}");
        }
        for stored in [
            "$argon2d$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaM",
            "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ",
            "$argon2id$v=18$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ] {
            assert!(check(stored).is_err(), "{stored}");
        }
        assert!(matches!(
            verify(b"x", "plain", &mut Memory::default()),
            Err(HashError::Unreadable(_))
        ));
    }

    #[test]
    fn memory_of_a_costly_row_is_given_back() {
        let mut memory = Memory::default();
        let costly = Cost {
            memory_kib: 4096,
            ..CHEAP
        };
        let stored = hash(b"x", &[7; SALT_BYTES], costly, &mut memory).unwrap();
        assert!(verify(b"x", &stored, &mut memory).unwrap());
        assert!(memory.bytes() >= 4096 * 1024);
        memory.keep(CHEAP);
        assert!(memory.bytes() <= 64 * 1024);
        assert!(verify(b"x", &stored, &mut memory).unwrap());
    }
}
