//! What the handlers share.

use std::net::IpAddr;
use std::sync::Arc;

use gantry_contracts::{Limits, Slot, UnitSources, Workspaces, within_limit};
use gantry_db::{ControlDb, Tx};
use gantry_http::{Limiter, Quota, RequestContext, Routes, Subject};
use gantry_jobs::{JobKind, MailKind, Schedule};
use gantry_kernel::crypto::Keyring;
use gantry_kernel::{
    Email, IdentityId, Kernel, Origin, Problem, Secret, SessionId, TenantId, Timestamp,
};
use gantry_openid::RelyingParty;
use gantry_outbound::Outbound;
use gantry_passwords::{Breached, Hasher};
use gantry_signing::{self as keys, Plan, SigningKeys};
use gantry_webauthn::Party;

use crate::authority::Recent;
use crate::config::IdentityConfig;
use crate::oidc::provider::{self, Provider};
use crate::password::device::{Devices, NewDevice};
use crate::password::{AccountKey, Guesser, Known, guesser};
use crate::role::Roles;
use crate::session::Methods;
use crate::session::api::Tokens;
use crate::session::csrf::Csrf;
use crate::token::AccessTokens;
use crate::token::cache::Generations;
use crate::{Error, mail, member, routes, sweep};

/// Accounts and addresses whose attempts are counted.
const COUNTED: usize = 50_000;
/// Counters of which it is remembered when they were forgiven.
const FORGIVEN: usize = 10_000;

/// What the module is built from.
pub struct Needs {
    /// Clock and randomness.
    pub kernel: Kernel,
    /// The control database.
    pub control: ControlDb,
    /// The master keys.
    pub keyring: Arc<Keyring>,
    /// All roles and permissions of the process.
    pub roles: Roles,
    /// Who begins workspaces.
    pub workspaces: Slot<dyn Workspaces>,
    /// Who knows how many members a tenant may have.
    pub limits: Slot<dyn Limits>,
    /// Who knows which units a tenant has.
    pub units: UnitSources,
    /// The address people use; the issuer of tokens and the base of links.
    pub public_url: String,
    /// Who makes requests to addresses that people chose.
    pub outbound: Outbound,
    /// Settings.
    pub config: IdentityConfig,
}

/// Why the module did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The hashing threads.
    #[error(transparent)]
    Hashing(#[from] gantry_passwords::StartError),
    /// The configured list of breached passwords is none.
    #[error("identity.breached_passwords: {0}")]
    Breached(String),
    /// A configured provider that cannot be used.
    #[error("{0}")]
    Provider(String),
}

/// The module at work. It is the [`Authority`](gantry_http::Authority) of the server and provides
/// [`Members`](gantry_contracts::Members) and [`People`](gantry_contracts::People).
pub struct Identity {
    pub(crate) kernel: Kernel,
    pub(crate) control: ControlDb,
    pub(crate) config: IdentityConfig,
    pub(crate) hasher: Hasher,
    pub(crate) breached: Option<Arc<Breached>>,
    pub(crate) access_tokens: AccessTokens,
    pub(crate) keys: Arc<SigningKeys>,
    pub(crate) csrf: Csrf,
    pub(crate) devices: Devices,
    pub(crate) limiter: Limiter,
    pub(crate) recent: Recent,
    /// Which acts of forgiveness this process has followed, by counter.
    pub(crate) forgiven: Generations<[u8; 32], Timestamp>,
    pub(crate) roles: Roles,
    pub(crate) workspaces: Slot<dyn Workspaces>,
    pub(crate) public_url: String,
    pub(crate) passkeys: Party,
    pub(crate) units: UnitSources,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) openid: RelyingParty,
    pub(crate) providers: Vec<Provider>,
    limits: Slot<dyn Limits>,
    /// Under the present master key only: after it was changed, accounts are counted anew. Whoever guesses gains one more
    /// series of attempts from an act of the operator, and no lock outlives an hour anyway.
    account_key: Secret<[u8; 32]>,
}

impl Identity {
    /// Starts the hashing threads; reads and writes nothing yet.
    pub fn start(needs: Needs) -> Result<Arc<Self>, StartError> {
        let Needs {
            kernel,
            control,
            keyring,
            roles,
            workspaces,
            limits,
            units,
            public_url,
            outbound,
            config,
        } = needs;
        let providers = provider::configured(&config.providers).map_err(StartError::Provider)?;
        let hasher = Hasher::start(config.pool(), config.cost(), Arc::clone(&kernel.entropy))?;
        let breached = config.breached_passwords.as_deref().map(Breached::open);
        let breached = breached.transpose().map_err(StartError::Breached)?;
        let plan = Plan {
            period: config.signing_key_rotation.get(),
            lead: config.signing_key_lead.get(),
        };
        let keys = Arc::new(SigningKeys::new(
            kernel.clone(),
            control.clone(),
            Arc::clone(&keyring),
            plan,
        ));
        let access_tokens = AccessTokens::new(
            kernel.clone(),
            Arc::clone(&keys),
            &public_url,
            config.access_token.get(),
        );
        Ok(Arc::new(Self {
            limiter: Limiter::new(Arc::clone(&kernel.clock), COUNTED),
            csrf: Csrf::new(keyring.derive_all("identity/csrf")),
            keys,
            devices: Devices::new(keyring.derive("identity/device")),
            account_key: Secret::new(keyring.derive("identity/account")),
            recent: Recent::new(),
            forgiven: Generations::new(FORGIVEN),
            openid: RelyingParty::new(kernel.clone(), outbound),
            providers,
            kernel,
            control,
            config,
            hasher,
            breached: breached.map(Arc::new),
            access_tokens,
            roles,
            workspaces,
            passkeys: Party::new(&public_url),
            public_url,
            units,
            keyring,
            limits,
        }))
    }

    /// The operations.
    pub fn routes(self: &Arc<Self>) -> Routes {
        routes::routes(self)
    }

    /// The mails.
    pub fn mails(self: &Arc<Self>) -> Vec<MailKind> {
        mail::kinds(self)
    }

    /// The background work.
    pub fn jobs(self: &Arc<Self>) -> Vec<JobKind> {
        let mut jobs = sweep::jobs(self);
        jobs.push(keys::job(&self.keys));
        jobs
    }

    /// When the background work runs.
    pub fn schedules() -> Vec<Schedule> {
        let mut schedules = sweep::schedules();
        schedules.push(keys::schedule());
        schedules
    }

    /// The keyed hash under which attempts for an address are counted.
    pub(crate) fn account_key(&self, email: &Email) -> AccountKey {
        AccountKey::new(self.account_key.expose(), email)
    }

    /// Who is counted when a second factor of an account is wrong: whoever passed the first step.
    pub(crate) fn factor_guesser(&self, account: IdentityId) -> Guesser {
        let key = AccountKey::second_factor(self.account_key.expose(), account);
        Guesser::new(key, Known::Nobody)
    }

    /// What this installation is called in authenticator apps: the host of its address.
    pub(crate) fn name(&self) -> String {
        let address: Option<http::Uri> = self.public_url.parse().ok();
        let host = address.as_ref().and_then(http::Uri::host);
        host.unwrap_or("gantry").to_owned()
    }

    /// Counts one attempt, or says when the next one may come.
    pub(crate) fn limit(
        &self,
        class: &'static str,
        subject: Subject,
        quota: Quota,
    ) -> Result<(), Error> {
        let decision = self.limiter.check(class, subject, quota);
        if decision.allowed {
            Ok(())
        } else {
            Err(Error::TooMany(decision.retry_after))
        }
    }

    /// Under what failures from the request's network address are counted; `None` when it does not matter.
    pub(crate) fn address_counter(&self, guesser: &Guesser, origin: &Origin) -> Option<[u8; 32]> {
        let ip = origin.ip.filter(|_| guesser.stranger)?;
        Some(self.address(ip))
    }

    /// Under what failures from a network address are counted.
    pub(crate) fn address(&self, ip: IpAddr) -> [u8; 32] {
        guesser::address(self.account_key.expose(), ip)
    }

    /// What makes the client that signed in a known device of the account.
    pub(crate) fn device(&self, cx: &impl RequestContext, account: &AccountKey) -> NewDevice {
        let until = cx.now() + self.config.device.get();
        let entropy = self.kernel.entropy.as_ref();
        NewDevice {
            cookie: self.devices.cookie(cx, account, until),
            token: self.devices.token(entropy, account, until),
        }
    }

    /// Lets an account be tried again at once, after a success or a reset.
    pub(crate) fn forgive(&self, guesser: &Guesser) {
        self.limiter
            .forget("log_in_account", Subject::key(guesser.label()));
    }

    /// Passwords hashed and compared since the start.
    pub fn hashes(&self) -> u64 {
        self.hasher.hashes()
    }

    /// Counts an invitation that is about to be mailed: for the mailbox, which did not ask for it, for who
    /// invites and for the tenant, so that a workspace is no relay for mail to strangers.
    pub(crate) fn limit_invitation(
        &self,
        to: &Email,
        inviter: IdentityId,
        tenant: TenantId,
    ) -> Result<(), Error> {
        self.limit_mail("invitation_mail", to)?;
        self.limit(
            "invitations_of_person",
            Subject::key(inviter.to_string()),
            self.config.invitations_per_person,
        )?;
        self.limit(
            "invitations_of_tenant",
            Subject::key(tenant.to_string()),
            self.config.invitations_per_tenant,
        )
    }

    /// Counts a mail to an address that anybody can cause.
    pub(crate) fn limit_mail(&self, class: &'static str, email: &Email) -> Result<(), Error> {
        let subject = Subject::key(self.account_key(email).label());
        self.limit(class, subject, self.config.mail_per_account)
    }

    /// Refuses what comes again within the cool-down.
    pub(crate) fn cool_down(&self, class: &'static str, subject: Subject) -> Result<(), Error> {
        let quota = Quota::new(1, self.config.mail_cool_down);
        self.limit(class, subject, quota)
    }

    /// The tokens of a session.
    pub(crate) async fn tokens(
        &self,
        identity: IdentityId,
        session: SessionId,
        methods: &Methods,
        operator: Option<IdentityId>,
        refresh: &Secret<String>,
    ) -> Result<Tokens, Error> {
        let access = self
            .access_tokens
            .issue(identity, session, methods, operator);
        Ok(Tokens {
            access_token: access.await?,
            token_type: "Bearer",
            expires_in: self.access_tokens.lifetime_seconds(),
            refresh_token: refresh.expose().clone(),
            device_token: None,
        })
    }

    /// How many members the tenant may have; asked before the transaction that adds one.
    pub(crate) async fn member_limit(&self, tenant: TenantId) -> Result<Option<i64>, Error> {
        let limits = self.limits.get().map_err(Problem::from)?;
        Ok(limits.limit(tenant, MEMBERS_LIMIT).await?)
    }
}

/// The name of the limit on members.
const MEMBERS_LIMIT: &str = "members";

/// Refuses one more member than allowed; runs after the member was added.
pub(crate) async fn within_members(
    tx: &mut Tx,
    tenant: TenantId,
    limit: Option<i64>,
) -> Result<(), Error> {
    if limit.is_some() {
        within_limit(
            MEMBERS_LIMIT,
            limit,
            member::store::count(tx, tenant).await?,
        )?;
    }
    Ok(())
}
