//! Which passwords are accepted: long enough, not common, and not made of what everybody knows about the person.
//!
//! OWASP ASVS 5.0: at least 12 and at most 128 characters of any kind (6.2.1, 6.2.9), no composition rules
//! (6.2.5), common ones refused (6.2.4), context-specific words refused (6.2.11), and the password is taken exactly
//! as received (6.2.8), which is why no Unicode normalisation happens anywhere between the request and the hash.
//!
//! Length and list accept `Password12345!`, so a least strength is asked for as well (`password_strength`): zxcvbn's
//! authors call everything below 3 too weak, and that is the default.

use std::sync::Arc;

use gantry_db::{DbError, Tx};
use gantry_kernel::{IdentityId, Secret};
use gantry_passwords::{Strength, is_common};

use crate::{Error, Identity, account, member};

/// Fewest characters (Unicode scalar values) of a new password.
pub(crate) const MIN_CHARS: usize = 12;
/// Most characters of any password; longer input is refused before it is hashed.
pub(crate) const MAX_CHARS: usize = 128;

/// The product's name, in lower case.
const PRODUCT: &str = "gantry";
/// Words shorter than this say too little about a person to be refused.
const SHORTEST_WORD: usize = 4;
/// What must be left of a password when the words everybody knows are taken out.
const FRESH_CHARS: usize = 8;

/// Why a new password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer than [`MIN_CHARS`].
    #[error("use at least 12 characters")]
    TooShort,
    /// More than [`MAX_CHARS`].
    #[error("use at most 128 characters")]
    TooLong,
    /// One or two characters, repeated.
    #[error("use more than two different characters")]
    Repetitive,
    /// Little more than the person's name, address, workspace or the product's name.
    #[error(
        "do not build the password from your name, your e-mail address, your workspace or the name of this product"
    )]
    Guessable,
    /// One of the most common passwords, or a disguise of one.
    #[error("this is one of the most common passwords")]
    Common,
    /// On the list of passwords that were found in breaches.
    #[error("this password is known from a breach of some other service; choose another")]
    Breached,
    /// Too few guesses lead to it.
    #[error(
        "this password is easy to guess; use a few words that have nothing to do with each other"
    )]
    Predictable,
}

impl WeakPassword {
    /// Stable code of the field error.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::Repetitive => "repetitive",
            Self::Guessable => "guessable",
            Self::Common => "common",
            Self::Breached => "breached",
            Self::Predictable => "predictable",
        }
    }
}

/// What everybody knows about whom a password is for: names, the address, workspaces.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    facts: Vec<String>,
}

impl Owner {
    pub(crate) fn new(email: &str, name: &str) -> Self {
        Self {
            facts: vec![
                PRODUCT.to_owned(),
                email.to_lowercase(),
                name.to_lowercase(),
            ],
        }
    }

    /// With the names of workspaces, or anything else that is known.
    #[must_use]
    pub(crate) fn with(mut self, facts: impl IntoIterator<Item = String>) -> Self {
        self.facts
            .extend(facts.into_iter().map(|fact| fact.to_lowercase()));
        self
    }

    /// The account's owner, with their workspaces.
    pub(crate) async fn load(tx: &mut Tx, id: IdentityId) -> Result<Option<Self>, DbError> {
        let Some(account) = account::store::by_id(tx, id).await? else {
            return Ok(None);
        };
        let workspaces = member::store::tenants_of(tx, id).await?;
        let owner = Self::new(account.email.as_str(), &account.name);
        Ok(Some(
            owner.with(workspaces.into_iter().map(|tenant| tenant.name)),
        ))
    }

    /// The words to take out, longest first, so that a whole address goes before its parts.
    fn words(&self) -> Vec<String> {
        let mut words = self.facts.clone();
        for fact in &self.facts {
            let parts = fact.split(|c: char| !c.is_alphanumeric());
            words.extend(parts.map(str::to_owned));
            words.extend(fact.split('@').map(str::to_owned));
            words.push(fact.replace(' ', ""));
        }
        words.retain(|word| word.chars().count() >= SHORTEST_WORD);
        words.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        words.dedup();
        words
    }
}

/// What can be said without an estimate of the strength.
fn obvious(password: &str, words: &[String]) -> Result<(), WeakPassword> {
    let length = password.chars().count();
    if length < MIN_CHARS {
        return Err(WeakPassword::TooShort);
    }
    if length > MAX_CHARS {
        return Err(WeakPassword::TooLong);
    }
    let mut different: Vec<char> = password.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() <= 2 {
        return Err(WeakPassword::Repetitive);
    }
    if is_common(password) {
        return Err(WeakPassword::Common);
    }
    let lower = password.to_lowercase();
    let mut rest = lower.clone();
    for word in words {
        rest = rest.replace(word, "");
    }
    if rest.len() < lower.len() && rest.chars().count() < FRESH_CHARS {
        return Err(WeakPassword::Guessable);
    }
    Ok(())
}

/// What the rules say of a password, and how strong it is.
pub(crate) struct Verdict {
    pub(crate) strength: Strength,
    pub(crate) problem: Option<WeakPassword>,
}

/// Judges a password for its owner. Errors: the hashing threads are busy.
pub(crate) async fn judge(
    identity: &Identity,
    password: &Secret<String>,
    owner: &Owner,
) -> Result<Verdict, Error> {
    let words = owner.words();
    let obvious = obvious(password.expose(), &words).err();
    let strength = identity.hasher.estimate(password.clone(), words).await?;
    let least = identity.config.password_strength;
    let predictable = (strength.score < least).then_some(WeakPassword::Predictable);
    let mut problem = obvious.or(predictable);
    if problem.is_none() && is_breached(identity, password).await? {
        problem = Some(WeakPassword::Breached);
    }
    Ok(Verdict { strength, problem })
}

/// A list that cannot be read refuses nobody: that would be a way to stop everybody from choosing a password.
async fn is_breached(identity: &Identity, password: &Secret<String>) -> Result<bool, Error> {
    let Some(list) = &identity.breached else {
        return Ok(false);
    };
    let asked = identity
        .hasher
        .is_breached(Arc::clone(list), password.clone());
    Ok(asked.await?.unwrap_or_else(|error| {
        tracing::error!(%error, "the list of breached passwords cannot be read; a password was accepted without it");
        false
    }))
}

/// Accepts a new password of `owner`, or says what is wrong with the field at `pointer`.
pub(crate) async fn accept(
    identity: &Identity,
    pointer: &'static str,
    password: &Secret<String>,
    owner: &Owner,
) -> Result<(), Error> {
    // What is refused at a glance costs no thread's time.
    obvious(password.expose(), &owner.words()).map_err(|weak| Error::Weak(pointer, weak))?;
    match judge(identity, password, owner).await?.problem {
        Some(weak) => Err(Error::Weak(pointer, weak)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(password: &str) -> Result<(), WeakPassword> {
        let owner = Owner::new("rani.sharma@example.com", "Rani Sharma");
        obvious(
            password,
            &owner.with(["Lotus Reading Hall".to_owned()]).words(),
        )
    }

    #[test]
    fn length_is_counted_in_characters_not_bytes() {
        assert_eq!(verdict("kurz"), Err(WeakPassword::TooShort));
        assert_eq!(verdict("पासवर्डलंबा"), Err(WeakPassword::TooShort));
        assert_eq!(verdict("मेरीनईलंबीकुंजी"), Ok(()));
        assert_eq!(verdict(&"aé☃".repeat(43)), Err(WeakPassword::TooLong));
        assert_eq!(verdict(&"aé☃z".repeat(32)), Ok(()));
    }

    #[test]
    fn no_composition_is_asked_for() {
        for password in [
            "correct horse battery",
            "correcthorsebattery",
            "314159265358979",
        ] {
            assert_eq!(verdict(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn what_everybody_knows_about_the_person_is_refused() {
        for password in [
            "RaniSharma2026",
            "rani.sharma@example.com",
            "sharmasharma",
            "GantryGantry1",
            "Gantry-Sharma",
            "example.com99",
            "LotusReading2026",
            "lotusreadinghall",
        ] {
            assert_eq!(
                verdict(password),
                Err(WeakPassword::Guessable),
                "{password}"
            );
        }
        assert_eq!(verdict("sharma keeps nine brass lamps"), Ok(()));
        assert_eq!(verdict("aaaaaaaaaaaaaa"), Err(WeakPassword::Repetitive));
        assert_eq!(verdict("1qaz2wsx3edc"), Err(WeakPassword::Common));
    }
}
