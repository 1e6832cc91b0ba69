//! How a tenant gets its slug: the short name in addresses.
//!
//! A slug is given once and never reused by another tenant, so links keep their meaning. People
//! sign up with the same company name all the time; the first gets the plain slug, later ones get a
//! short random ending (random rather than counted, because concurrent sign-ups would all try the
//! same next number, and because a count tells strangers how many there are).

use gantry_kernel::{Kernel, Slug};

/// Words that address something of the platform, or that would let a tenant pose as it.
const RESERVED: &[&str] = &[
    "about",
    "abuse",
    "account",
    "accounts",
    "admin",
    "administrator",
    "api",
    "app",
    "assets",
    "audit",
    "auth",
    "backup",
    "backups",
    "billing",
    "blog",
    "console",
    "contact",
    "control",
    "default",
    "demo",
    "dev",
    "docs",
    "download",
    "email",
    "errors",
    "events",
    "files",
    "gantry",
    "guest",
    "health",
    "healthz",
    "help",
    "hostmaster",
    "info",
    "internal",
    "invitations",
    "invite",
    "jobs",
    "legal",
    "localhost",
    "login",
    "logout",
    "mail",
    "metrics",
    "new",
    "noreply",
    "no-reply",
    "null",
    "oauth",
    "official",
    "operator",
    "operators",
    "ops",
    "owner",
    "payments",
    "platform",
    "postmaster",
    "pricing",
    "privacy",
    "public",
    "readyz",
    "register",
    "root",
    "sales",
    "search",
    "security",
    "settings",
    "setup",
    "sign-in",
    "sign-up",
    "signin",
    "signup",
    "static",
    "status",
    "support",
    "system",
    "team",
    "tenant",
    "tenants",
    "terms",
    "test",
    "undefined",
    "user",
    "users",
    "webhooks",
    "webmaster",
    "well-known",
    "workspace",
    "workspaces",
    "www",
];

/// Longest part taken before an ending.
const MAX_STEM: usize = 30;
/// What a name without enough Latin letters becomes.
const FALLBACK: &str = "workspace";
/// Letters of random endings: no vowels (no words by accident), nothing easily misread.
const ALPHABET: &[u8; 24] = b"23456789bcdfghjkmnpqrstv";

/// Whether `slug` must not be given to a tenant.
pub(crate) fn is_reserved(slug: &Slug) -> bool {
    RESERVED.contains(&slug.as_str())
}

/// `stem`, cut if need be, with a random ending of `ending` characters (at most 9). `None` stands
/// for a name that left no stem.
pub(crate) fn with_ending(stem: Option<&Slug>, kernel: &Kernel, ending: usize) -> Option<Slug> {
    let stem = stem.map_or(FALLBACK, Slug::as_str);
    let stem = stem[..stem.len().min(MAX_STEM)].trim_end_matches('-');
    let mut slug = format!("{stem}-");
    let mut bytes = vec![0_u8; ending.min(Slug::MAX - MAX_STEM - 1)];
    kernel.entropy.fill(&mut bytes);
    slug.extend(
        bytes
            .iter()
            .map(|byte| ALPHABET[usize::from(*byte) % ALPHABET.len()] as char),
    );
    slug.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platform_words_are_reserved() {
        let reserved = |slug: &str| is_reserved(&slug.parse().unwrap());
        assert!(reserved("admin") && reserved("api") && reserved("gantry"));
        assert!(!reserved("acme-study-hall"));
    }

    #[test]
    fn every_name_gets_a_slug_with_an_ending() {
        let kernel = Kernel::system();
        let long = "very-long-name-".repeat(3);
        for name in ["Acme", "पुस्तकालय", "A", &long, "x-y--z", "Admin", "--"] {
            let slug = with_ending(Slug::from_name(name).as_ref(), &kernel, 4);
            assert!(slug.is_some_and(|slug| !is_reserved(&slug)), "{name}");
        }
    }

    #[test]
    fn endings_differ() {
        let kernel = Kernel::system();
        let stem = Slug::from_name("acme");
        let slugs: std::collections::BTreeSet<_> = (0..100)
            .map(|_| with_ending(stem.as_ref(), &kernel, 6))
            .collect();
        assert_eq!(slugs.len(), 100);
    }

    #[test]
    fn no_word_is_reserved_twice() {
        let unique: std::collections::BTreeSet<_> = RESERVED.iter().collect();
        assert_eq!(unique.len(), RESERVED.len());
    }
}
