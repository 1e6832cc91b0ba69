//! What somebody with a shell on the server can do when mail does not work. Every act is
//! audited as a rescue.

use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_kernel::{Actor, Email, IdentityId, Secret};
use serde_json::json;

use crate::account::{self, PersonName};
use crate::link::{self, Purpose};
use crate::password::{Guesser, Known, Owner, accept, lockout};
use crate::sign_up::{self, Password};
use crate::{Error, Identity, factor, mail, session};

/// A person to create.
#[derive(Debug)]
pub struct NewUser {
    /// The address, which counts as confirmed.
    pub email: Email,
    /// The name.
    pub name: PersonName,
    /// The password; without one the result is a link to set it.
    pub password: Option<Secret<String>>,
    /// Whether the person becomes an operator of the platform.
    pub operator: bool,
}

/// What a rescue gives back.
#[derive(Debug)]
pub struct Rescued {
    /// Whom it was about.
    pub identity: IdentityId,
    /// The one-time link to set a password, when none was given.
    pub link: Option<String>,
}

impl Identity {
    /// Creates a confirmed account. Errors: the address is taken, the password is too weak.
    pub async fn rescue_create(&self, user: NewUser) -> Result<Rescued, Error> {
        let hash = match user.password {
            Some(password) => {
                let owner = Owner::new(user.email.as_str(), user.name.as_str());
                accept(self, "/password", &password, &owner).await?;
                Some(self.hasher.hash(password).await?)
            }
            None => None,
        };
        let (email, name, operator) = (user.email, user.name, user.operator);
        let lifetime = self.config.reset_link.get();
        let (identity, token) = self
            .control
            .write(async move |tx| {
                let id = account::store::make_confirmed(tx, &email, name.as_str(), hash.as_deref())
                    .await?
                    .ok_or(Error::AddressTaken)?;
                if operator {
                    account::store::make_operator(tx, id).await?;
                }
                let token = match hash {
                    Some(_) => None,
                    None => Some(link::mint(tx, Purpose::Reset, &id.to_string(), lifetime).await?),
                };
                let entry = Entry::new(
                    Actor::Rescue,
                    "identity.account.created",
                    Target::new("identity", id),
                );
                gantry_audit::append(tx, entry.after(Facts::new().with("operator", operator)))
                    .await?;
                Ok::<_, Error>((id, token))
            })
            .await?;
        self.changed();
        Ok(Rescued {
            identity,
            link: token.map(|token| Purpose::Reset.url(&self.public_url, &token)),
        })
    }

    /// Confirms the address of an account as if the person had followed the link of their newest sign-up.
    /// When there are several, nobody here can tell whose password is whose: then none of them counts, and
    /// the result has a link to set one. Errors: no sign-up waits at this address.
    pub async fn rescue_verify(self: &Arc<Self>, email: &Email) -> Result<Rescued, Error> {
        let email = email.clone();
        let lifetime = self.config.reset_link.get();
        let state = Arc::clone(self);
        let (identity, token) = self
            .control
            .write(async move |tx| {
                let waiting = sign_up::pending(tx, &email, None).await?;
                let newest = waiting.first().ok_or(Error::NotFound)?.id;
                let password = match waiting.len() {
                    1 => Password::Own,
                    _ => Password::Unset,
                };
                let id = sign_up::confirm(&state, tx, newest, password)
                    .await?
                    .identity;
                let token = match password {
                    Password::Own => None,
                    Password::Unset => {
                        Some(link::mint(tx, Purpose::Reset, &id.to_string(), lifetime).await?)
                    }
                };
                let entry = Entry::new(
                    Actor::Rescue,
                    "identity.email.verified",
                    Target::new("identity", id),
                );
                gantry_audit::append(tx, entry).await?;
                Ok::<_, Error>((id, token))
            })
            .await?;
        self.changed();
        Ok(Rescued {
            identity,
            link: token.map(|token| Purpose::Reset.url(&self.public_url, &token)),
        })
    }

    /// Sets a password, or makes a one-time link to set it; the old password and older links are no good any
    /// more. All sessions end and the lock is lifted. Errors: no confirmed account has this address.
    pub async fn rescue_password(
        &self,
        email: &Email,
        password: Option<Secret<String>>,
    ) -> Result<Rescued, Error> {
        let wanted = email.clone();
        let account = self
            .control
            .read(async move |tx| account::store::by_email(tx, &wanted).await)
            .await?
            .filter(|account| account.verified_at.is_some())
            .ok_or(Error::NotFound)?;
        let hash = match password {
            Some(password) => {
                let owner = Owner::new(email.as_str(), &account.name);
                accept(self, "/password", &password, &owner).await?;
                Some(self.hasher.hash(password).await?)
            }
            None => None,
        };
        let key = self.account_key(email);
        let lifetime = self.config.reset_link.get();
        let (id, to) = (account.id, account.email);
        let token = self
            .control
            .write(async move |tx| {
                account::store::set_password(tx, id, hash.as_deref()).await?;
                link::forget(tx, Purpose::Reset, &id.to_string()).await?;
                let token = match &hash {
                    Some(_) => None,
                    None => Some(link::mint(tx, Purpose::Reset, &id.to_string(), lifetime).await?),
                };
                lockout::clear_all(tx, &key).await?;
                let ended = session::store::revoke_all(tx, id, None, "rescue").await?;
                let entry = Entry::new(
                    Actor::Rescue,
                    "identity.password.reset",
                    Target::new("identity", id),
                );
                let facts = Facts::new()
                    .with("sessions_ended", ended)
                    .with("by_link", token.is_some());
                gantry_audit::append(tx, entry.after(facts)).await?;
                let what = "the password was reset by somebody who operates the server";
                let params = json!({ "what": what });
                mail::put(tx, mail::FACTORS_CHANGED, &to, params).await?;
                Ok::<_, Error>(token)
            })
            .await?;
        self.forgive(&Guesser::new(key, Known::Nobody));
        self.changed();
        Ok(Rescued {
            identity: id,
            link: token.map(|token| Purpose::Reset.url(&self.public_url, &token)),
        })
    }

    /// Removes every second factor of somebody who lost them. All sessions end, and the person hears of it.
    /// Errors: no confirmed account has this address.
    pub async fn rescue_factors(self: &Arc<Self>, email: &Email) -> Result<Rescued, Error> {
        let (state, email) = (Arc::clone(self), email.clone());
        let id = self
            .control
            .write(async move |tx| {
                let account = account::store::by_email(tx, &email)
                    .await?
                    .filter(|account| account.verified_at.is_some())
                    .ok_or(Error::NotFound)?;
                let id = account.id;
                factor::remove_all(tx, id).await?;
                lockout::clear(tx, &state.factor_guesser(id)).await?;
                let ended = session::store::revoke_all(tx, id, None, "rescue").await?;
                let entry = Entry::new(
                    Actor::Rescue,
                    "identity.second_factor.disabled",
                    Target::new("identity", id),
                );
                let facts = Facts::new()
                    .with("had_one", account.has_second_factor())
                    .with("sessions_ended", ended);
                gantry_audit::append(tx, entry.after(facts)).await?;
                let what = "all second factors were removed by somebody who operates the server";
                let params = json!({ "what": what });
                mail::put(tx, mail::FACTORS_CHANGED, &account.email, params).await?;
                Ok::<_, Error>(id)
            })
            .await?;
        self.changed();
        Ok(Rescued {
            identity: id,
            link: None,
        })
    }
}
