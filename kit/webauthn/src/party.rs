//! Whom passkeys are made for: one installation, by the host name of its address.

use serde_json::{Map, Value};
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, PasskeyRegistration, RegisterPublicKeyCredential, Url,
    WebauthnError,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use super::asked::{Options, options};
use super::{Error, Key, Shown};

/// Longest name that an authenticator may give a key (WebAuthn level 3, section 4).
const LONGEST_ID: usize = 1_023;

/// The relying party, or why there is none.
pub struct Party(Result<Ready, String>);

struct Ready {
    library: Webauthn,
    origin: String,
}

/// For whom a key is made.
#[derive(Debug)]
pub struct Account<'a> {
    /// Random, because authenticators tell it to whoever has them in hand.
    pub handle: Uuid,
    /// What the authenticator shows its owner: the address they sign in with.
    pub address: &'a str,
    /// And their name.
    pub name: &'a str,
}

/// What an answer is worth.
#[derive(Debug)]
pub enum Verdict {
    /// It holds; the key, with the counter and flags it showed.
    Right(Box<Key>),
    /// It would, but its counter was seen before: there are two of this key.
    Copied,
    /// It does not hold.
    Wrong,
}

impl Party {
    /// Of the address people use, and nothing that a request says. Where that is a loopback address, browsers on this
    /// machine find the same pages at `localhost`, which is a name.
    pub fn new(public_url: &str) -> Self {
        Self(Ready::new(public_url))
    }

    /// Refuses pages on which the browser would refuse: what it says there helps nobody.
    pub fn accept_page(&self, origin: Option<&str>) -> Result<(), Error> {
        let own = &self.ready()?.origin;
        match origin {
            Some(page) if !page.eq_ignore_ascii_case(own) => Err(Error::Unavailable(format!(
                "passkeys of this server are used on pages of {own}, and on no IP address and no other site"
            ))),
            _ => Ok(()),
        }
    }

    /// Asks for a new key, and says what to keep for the answer.
    pub fn ask_for_new(
        &self,
        account: &Account<'_>,
        known: &[Key],
    ) -> Result<(Options, String), Error> {
        let there = known.iter().map(|key| key.0.cred_id().clone()).collect();
        let (made, state) = self.ready()?.library.start_passkey_registration(
            account.handle,
            account.address,
            account.name,
            Some(there),
        )?;
        let mut options = options(&made.public_key)?;
        // The library discourages what a log-in without a name needs.
        let selection = &mut options["authenticatorSelection"];
        selection["residentKey"] = "required".into();
        selection["requireResidentKey"] = true.into();
        Ok((options, serde_json::to_string(&state)?))
    }

    /// The new key; `None` when it was not made for this site and this question.
    pub fn accept_new(
        &self,
        kept: &str,
        credential: &Map<String, Value>,
    ) -> Result<Option<Key>, Error> {
        let library = &self.ready()?.library;
        let asked: PasskeyRegistration = serde_json::from_str(kept)?;
        let Ok(shown) = serde_json::from_value::<RegisterPublicKeyCredential>(Value::Object(
            credential.clone(),
        )) else {
            return Ok(None);
        };
        match library.finish_passkey_registration(&shown, &asked) {
            Ok(key) if key.cred_id().len() <= LONGEST_ID => Ok(Some(Key(key))),
            Ok(_) => Ok(None),
            Err(error) => {
                tracing::debug!(%error, "a new passkey was refused");
                Ok(None)
            }
        }
    }

    /// Asks for one of `known`, or for any key of this site when there are none, and says what to keep for the answer.
    pub fn ask(&self, known: &[Key]) -> Result<(Options, String), Error> {
        let (made, state) = self.ready()?.library.start_discoverable_authentication()?;
        let mut options = options(&made.public_key)?;
        // They are named here only. Which of them holds is looked up when the answer comes: by then counters may have
        // moved on.
        let known: Result<Vec<Value>, Error> = known.iter().map(Key::descriptor).collect();
        options.insert("allowCredentials".to_owned(), known?.into());
        Ok((options, serde_json::to_string(&state)?))
    }

    /// Holds an answer against what was asked and against the key it names.
    pub fn judge(&self, kept: &str, shown: &Shown, key: &Key) -> Result<Verdict, Error> {
        let library = &self.ready()?.library;
        let asked: DiscoverableAuthentication = serde_json::from_str(kept)?;
        if shown.is_framed() {
            return Ok(Verdict::Wrong);
        }
        match library.finish_discoverable_authentication_v2(&shown.0, asked, &key.0) {
            Ok(result) => {
                let mut key = key.clone();
                key.0.update_credential(&result);
                Ok(Verdict::Right(Box::new(key)))
            }
            Err(WebauthnError::CredentialPossibleCompromise) => Ok(Verdict::Copied),
            Err(error) => {
                tracing::debug!(%error, "a passkey was refused");
                Ok(Verdict::Wrong)
            }
        }
    }

    fn ready(&self) -> Result<&Ready, Error> {
        self.0
            .as_ref()
            .map_err(|why| Error::Unavailable(why.clone()))
    }
}

impl Ready {
    fn new(public_url: &str) -> Result<Self, String> {
        let no_name = || {
            format!(
                "passkeys belong to a host name, and this server's address, {public_url}, has none: \
                 set server.public_url to an address with one"
            )
        };
        let mut url: Url = public_url.parse().map_err(|_| no_name())?;
        if url.host_str().is_some_and(is_loopback) {
            url.set_host(Some("localhost")).map_err(|_| no_name())?;
        }
        let host = url.domain().ok_or_else(no_name)?.to_owned();
        let local = host == "localhost" || host.ends_with(".localhost");
        if url.scheme() != "https" && !local {
            return Err(format!(
                "browsers use passkeys on https pages only, and this server's address is {public_url}"
            ));
        }
        let library = WebauthnBuilder::new(&host, &url)
            .and_then(|builder| builder.rp_name(&host).build())
            .map_err(|_| no_name())?;
        let origin = url.origin().ascii_serialization();
        Ok(Self { library, origin })
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<std::net::IpAddr>();
    address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Result<String, String> {
        Party::new(url).0.map(|ready| ready.origin)
    }

    #[test]
    fn a_name_over_https_or_this_machine_is_a_party() {
        for (url, expected) in [
            ("https://gantry.example.com", "https://gantry.example.com"),
            (
                "https://Gantry.example.com:8443/",
                "https://gantry.example.com:8443",
            ),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://127.0.0.1:8080", "http://localhost:8080"),
            ("http://[::1]:8080", "http://localhost:8080"),
        ] {
            assert_eq!(origin(url).as_deref(), Ok(expected), "{url}");
        }
    }

    #[test]
    fn an_address_without_a_name_is_none_and_says_so() {
        for url in [
            "https://192.0.2.7",
            "https://[2001:db8::1]:8443",
            "no address",
        ] {
            let why = origin(url).unwrap_err();
            assert!(
                why.contains("server.public_url") && why.contains(url),
                "{why}"
            );
        }
        let why = origin("http://gantry.example.com").unwrap_err();
        assert!(why.contains("https"), "{why}");
    }

    #[test]
    fn pages_elsewhere_are_told_where() {
        let party = Party::new("http://127.0.0.1:8080");
        assert!(party.accept_page(None).is_ok());
        assert!(party.accept_page(Some("http://localhost:8080")).is_ok());
        for page in [
            "http://127.0.0.1:8080",
            "http://localhost:8081",
            "https://localhost:8080",
            "null",
        ] {
            let refused = party.accept_page(Some(page)).unwrap_err();
            assert!(
                refused.to_string().contains("http://localhost:8080"),
                "{page}"
            );
        }
    }
}
