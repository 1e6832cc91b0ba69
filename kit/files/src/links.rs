//! Links that open one form of one file of one tenant until some minutes from now, whoever follows them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_kernel::crypto::{Keyring, constant_time_eq, hmac_sha256};
use gantry_kernel::{Secret, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{FileId, Variant};

/// What the signing key is derived for.
pub const KEY: &str = "files.link";
/// How long a link opens its file: enough to load a page with it, or to hand a download to another program.
pub const LINK_LASTS: Duration = Duration::from_mins(10);

/// Changes with the layout, so that an old link is never read as a new one.
const FORM: u8 = 1;
const MAC: usize = 32;
const CLAIM: usize = 1 + 16 + 16 + 1 + 8;

/// A link to a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FileLink")]
pub struct Link {
    /// The address; whoever has it can read the file until `expires_at`.
    pub url: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opens {
    /// Whose file.
    pub tenant: TenantId,
    /// Which.
    pub file: FileId,
    /// Which form of it.
    pub variant: Variant,
}

/// Why a link opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// Not one that was made here, or changed since.
    #[error("this is no link of this server")]
    Forged,
    /// It was good.
    #[error("the link has expired; ask for a new one where the file is shown")]
    Expired,
}

/// Makes and reads links.
#[derive(Clone)]
pub struct Links {
    signs: Secret<[u8; 32]>,
    /// The same and those of older master keys, under which links are still under way.
    counts: Arc<Vec<Secret<[u8; 32]>>>,
    public_url: String,
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").finish_non_exhaustive()
    }
}

impl Links {
    /// With keys derived from the master keys; `public_url` has no slash at its end.
    pub fn new(keyring: &Keyring, public_url: &str) -> Self {
        Self {
            signs: Secret::new(keyring.derive(KEY)),
            counts: Arc::new(keyring.derive_all(KEY)),
            public_url: public_url.to_owned(),
        }
    }

    /// A link that works from now on for [`LINK_LASTS`]. Whoever asks for one has checked that the caller may read the file.
    pub fn make(&self, opens: Opens, now: Timestamp) -> Link {
        let expires_at = now + LINK_LASTS;
        let mut token = claim(opens, expires_at);
        let mac = hmac_sha256(self.signs.expose(), &token);
        token.extend_from_slice(&mac);
        let token = URL_SAFE_NO_PAD.encode(token);
        Link {
            url: format!("{}/api/v1/files/{token}", self.public_url),
            expires_at,
        }
    }

    /// What the last part of a link's address opens.
    pub fn read(&self, token: &str, now: Timestamp) -> Result<Opens, LinkFault> {
        let token = URL_SAFE_NO_PAD
            .decode(token)
            .map_err(|_| LinkFault::Forged)?;
        let (claim, mac) = token.split_at_checked(CLAIM).ok_or(LinkFault::Forged)?;
        let signed =
            |key: &Secret<[u8; 32]>| constant_time_eq(mac, &hmac_sha256(key.expose(), claim));
        if mac.len() != MAC || !self.counts.iter().any(signed) {
            return Err(LinkFault::Forged);
        }
        let (opens, expires_at) = parse(claim).ok_or(LinkFault::Forged)?;
        if expires_at <= now {
            return Err(LinkFault::Expired);
        }
        Ok(opens)
    }
}

fn claim(opens: Opens, expires_at: Timestamp) -> Vec<u8> {
    let variant = match opens.variant {
        Variant::Full => 0,
        Variant::Small => 1,
    };
    let mut bytes = Vec::with_capacity(CLAIM + MAC);
    bytes.push(FORM);
    bytes.extend_from_slice(opens.tenant.uuid().as_bytes());
    bytes.extend_from_slice(opens.file.uuid().as_bytes());
    bytes.push(variant);
    bytes.extend_from_slice(&expires_at.as_micros().to_be_bytes());
    bytes
}

fn parse(claim: &[u8]) -> Option<(Opens, Timestamp)> {
    let (&FORM, rest) = claim.split_first()? else {
        return None;
    };
    let (tenant, rest) = rest.split_first_chunk::<16>()?;
    let (file, rest) = rest.split_first_chunk::<16>()?;
    let (variant, rest) = rest.split_first()?;
    let variant = match variant {
        0 => Variant::Full,
        1 => Variant::Small,
        _ => return None,
    };
    let expires_at = i64::from_be_bytes(rest.try_into().ok()?);
    let opens = Opens {
        tenant: gantry_kernel::NewId::from_uuid(uuid(*tenant)),
        file: gantry_kernel::NewId::from_uuid(uuid(*file)),
        variant,
    };
    Some((opens, Timestamp::from_micros(expires_at)))
}

fn uuid(bytes: [u8; 16]) -> uuid::Uuid {
    uuid::Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use gantry_kernel::{Kernel, ManualClock};
    use proptest::prelude::*;

    use super::*;

    fn links(id: &str, byte: u8) -> Links {
        Links::new(
            &Keyring::new(id, [byte; 32]).unwrap(),
            "https://gantry.example",
        )
    }

    fn token(link: &Link) -> String {
        link.url.rsplit('/').next().unwrap().to_owned()
    }

    fn opens(kernel: &Kernel, variant: Variant) -> Opens {
        Opens {
            tenant: kernel.id(),
            file: kernel.id(),
            variant,
        }
    }

    proptest! {
        #[test]
        fn a_changed_link_opens_nothing(seed: u64, at: usize, bit in 0_u8..8, small: bool) {
            let clock = ManualClock::default();
            let kernel = Kernel::manual(&clock, seed);
            let variant = if small { Variant::Small } else { Variant::Full };
            let what = opens(&kernel, variant);
            let links = links("k1", 7);
            let link = links.make(what, kernel.now());
            prop_assert_eq!(links.read(&token(&link), kernel.now()), Ok(what));
            let mut bytes = URL_SAFE_NO_PAD.decode(token(&link)).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(links.read(&URL_SAFE_NO_PAD.encode(&bytes), kernel.now()), Err(LinkFault::Forged));
            prop_assert_eq!(links.read(&URL_SAFE_NO_PAD.encode(&bytes[..at]), kernel.now()), Err(LinkFault::Forged));
        }

        #[test]
        fn garbage_is_no_link(text in ".{0,200}") {
            prop_assert_eq!(links("k1", 7).read(&text, Timestamp::from_micros(0)), Err(LinkFault::Forged));
        }
    }

    #[test]
    fn a_link_ends_at_its_time_and_outlives_a_change_of_the_master_key() {
        let clock = ManualClock::default();
        let kernel = Kernel::manual(&clock, 1);
        let what = opens(&kernel, Variant::Full);
        let old = links("k1", 1);
        let link = old.make(what, kernel.now());
        let mut ring = Keyring::new("k2", [2; 32]).unwrap();
        assert_eq!(
            Links::new(&ring, "").read(&token(&link), kernel.now()),
            Err(LinkFault::Forged)
        );
        ring.add("k1", [1; 32]).unwrap();
        let both = Links::new(&ring, "");
        assert_eq!(both.read(&token(&link), kernel.now()), Ok(what));
        let last = Timestamp::from_micros(link.expires_at.as_micros() - 1);
        assert_eq!(both.read(&token(&link), last), Ok(what));
        assert_eq!(
            both.read(&token(&link), link.expires_at),
            Err(LinkFault::Expired)
        );
    }
}
