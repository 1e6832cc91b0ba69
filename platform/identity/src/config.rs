//! Settings of the identity module: lifetimes, what a password hash costs, and how often somebody may try.

use std::path::PathBuf;

use gantry_http::Quota;
use gantry_kernel::units::Period;
use gantry_passwords::{Breached, Cost, LEAST_MEMORY_KIB, MAX_MEMORY_KIB, MAX_WORK_KIB, PoolSize};
use gantry_runtime::config::Remark;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::oidc::{self, config::ProviderConfig};

/// Signing in, sessions, links and passwords.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityConfig {
    /// How long an access token is good for.
    pub access_token: Period,
    /// How long a key signs access tokens before the next one does.
    pub signing_key_rotation: Period,
    /// How long before it signs a key is published, so that verifiers elsewhere know it in time.
    pub signing_key_lead: Period,
    /// How long an unused refresh token is good for; each use starts it anew.
    pub refresh_token: Period,
    /// How long a browser session lives without being used.
    pub session_idle: Period,
    /// The longest any session lives, used or not.
    pub session_absolute: Period,
    /// How long a refresh token that was just used is accepted once more, while its successor is unused.
    pub refresh_grace: Period,
    /// For how long after a proof of who is there sensitive acts need no new one.
    pub step_up: Period,
    /// The longest an API key can be good; each has an end.
    pub api_key_longest: Period,
    /// How long the link of a verification mail works.
    pub verify_link: Period,
    /// How long the link of a password reset works.
    pub reset_link: Period,
    /// How long the link of the mail about a locked account works.
    pub unlock_link: Period,
    /// How long a device that signed in is known afterwards, so that nobody elsewhere can lock it out.
    pub device: Period,
    /// How long an invitation can be accepted.
    pub invitation: Period,
    /// How long the set-up link printed at the first start works.
    pub set_up_link: Period,
    /// Least time between two mails of one kind to one address.
    pub mail_cool_down: Period,
    /// Threads that hash passwords; 0 means one for each core but one, which stays free for other requests, and at least one. More than cores lose throughput.
    pub hash_threads: usize,
    /// Log-ins that may wait for a hashing thread; the next one is answered 503.
    pub hash_queue: usize,
    /// Memory of one password hash in KiB (Argon2id).
    pub hash_memory_kib: u32,
    /// Passes of one password hash over its memory (Argon2id).
    pub hash_passes: u32,
    /// The least strength of a new password, 0 to 4 on the scale of zxcvbn; 0 asks for none.
    pub password_strength: u8,
    /// A list of breached passwords in the format of Have I Been Pwned, which new passwords must not be on: one file of
    /// `SHA1:count` lines sorted by hash, or a folder of range files such as `00000.txt`. Not set: none is asked. Nothing
    /// leaves the machine.
    pub breached_passwords: Option<PathBuf>,
    /// Log-ins per account, counted whether or not the account exists; each known device has as many.
    pub log_in_per_account: Quota,
    /// Failed log-ins per network address; who has used them up waits 1, 5, 15, then 60 minutes.
    pub failed_log_in_per_address: Quota,
    /// Passwords whose strength may be asked for per network address.
    pub strength_per_address: Quota,
    /// Password resets that may be asked for per account.
    pub reset_per_account: Quota,
    /// Sign-up and verification mails per mailbox, and as many invitations.
    pub mail_per_account: Quota,
    /// Invitations that one person may have mailed.
    pub invitations_per_person: Quota,
    /// Invitations that one tenant may have mailed.
    pub invitations_per_tenant: Quota,
    /// Providers of OpenID Connect by which people sign in, such as Google; see docs/operating.md.
    pub providers: Vec<ProviderConfig>,
}

impl Default for IdentityConfig {
    fn default() -> Self {
        let cost = Cost::default();
        Self {
            access_token: Period::minutes(15),
            signing_key_rotation: Period::days(90),
            signing_key_lead: Period::hours(24),
            refresh_token: Period::days(7),
            session_idle: Period::days(7),
            session_absolute: Period::days(30),
            refresh_grace: Period::seconds(60),
            step_up: Period::minutes(10),
            api_key_longest: Period::days(365),
            verify_link: Period::hours(24),
            reset_link: Period::hours(1),
            unlock_link: Period::hours(24),
            device: Period::days(180),
            invitation: Period::days(7),
            set_up_link: Period::hours(24),
            mail_cool_down: Period::minutes(1),
            hash_threads: 0,
            hash_queue: 64,
            hash_memory_kib: cost.memory_kib,
            hash_passes: cost.passes,
            password_strength: 3,
            breached_passwords: None,
            log_in_per_account: Quota::new(10, Period::minutes(15)),
            failed_log_in_per_address: Quota::new(50, Period::minutes(15)),
            strength_per_address: Quota::new(60, Period::minutes(1)),
            reset_per_account: Quota::new(3, Period::hours(1)),
            mail_per_account: Quota::new(5, Period::hours(1)),
            invitations_per_person: Quota::new(60, Period::hours(1)),
            invitations_per_tenant: Quota::new(200, Period::hours(1)),
            providers: Vec::new(),
        }
    }
}

/// The shortest lead: verifiers may keep the published keys for minutes, and some ask less often than they should.
const SHORTEST_LEAD: Period = Period::hours(1);

/// More passes are a way to lock everybody out.
const MOST_PASSES: u32 = 20;
/// More log-ins that wait than this are answered after their clients have given up.
const LONGEST_QUEUE: usize = 10_000;

impl IdentityConfig {
    /// What is not safe to run with.
    pub(crate) fn review(&self) -> Vec<Remark> {
        let (minute, hour) = (Period::minutes(1), Period::hours(1));
        let (day, month) = (Period::days(1), Period::days(30));
        let bounds = [
            (
                "access_token",
                self.access_token,
                minute,
                gantry_signing::LONGEST_TOKEN,
            ),
            (
                "signing_key_rotation",
                self.signing_key_rotation,
                day,
                Period::days(365),
            ),
            (
                "signing_key_lead",
                self.signing_key_lead,
                SHORTEST_LEAD,
                month,
            ),
            ("refresh_token", self.refresh_token, minute, month),
            ("session_idle", self.session_idle, minute, month),
            (
                "session_absolute",
                self.session_absolute,
                minute,
                Period::days(365),
            ),
            (
                "refresh_grace",
                self.refresh_grace,
                Period::seconds(0),
                minute,
            ),
            ("step_up", self.step_up, minute, hour),
            (
                "api_key_longest",
                self.api_key_longest,
                day,
                Period::days(730),
            ),
            ("verify_link", self.verify_link, minute, Period::days(7)),
            ("reset_link", self.reset_link, minute, day),
            ("unlock_link", self.unlock_link, minute, Period::days(7)),
            // Browsers keep no cookie longer (RFC 6265bis, section 5.5).
            ("device", self.device, day, Period::days(400)),
            ("invitation", self.invitation, minute, month),
            ("set_up_link", self.set_up_link, minute, Period::days(7)),
            (
                "mail_cool_down",
                self.mail_cool_down,
                Period::seconds(0),
                day,
            ),
        ];
        let mut remarks: Vec<Remark> = bounds
            .into_iter()
            .filter(|(_, value, least, most)| value < least || value > most)
            .map(|(key, value, least, most)| Remark::Refused {
                key,
                why: format!("{value} is not between {least} and {most}"),
            })
            .collect();
        if self.signing_key_lead.get() * 2 > self.signing_key_rotation.get() {
            remarks.push(Remark::Refused {
                key: "signing_key_lead",
                why: "a key is published no longer before it signs than half of the time it signs"
                    .to_owned(),
            });
        }
        if self.password_strength > 4 {
            remarks.push(Remark::Refused {
                key: "password_strength",
                why: "use 0 to 4".to_owned(),
            });
        }
        if let Some(path) = &self.breached_passwords
            && let Err(why) = Breached::open(path)
        {
            remarks.push(Remark::Refused {
                key: "breached_passwords",
                why,
            });
        }
        remarks.extend(self.review_hashing());
        remarks.extend(oidc::config::review(&self.providers));
        remarks
    }

    fn review_hashing(&self) -> Vec<Remark> {
        let mut remarks = Vec::new();
        if self.hash_passes == 0 || self.hash_passes > MOST_PASSES {
            remarks.push(Remark::Refused {
                key: "hash_passes",
                why: format!("use 1 to {MOST_PASSES} passes"),
            });
        }
        let step = usize::try_from(self.hash_passes).unwrap_or(usize::MAX);
        let step = step.clamp(1, LEAST_MEMORY_KIB.len()) - 1;
        let least = LEAST_MEMORY_KIB[step];
        if self.hash_memory_kib < least || self.hash_memory_kib > MAX_MEMORY_KIB {
            remarks.push(Remark::Refused {
                key: "hash_memory_kib",
                why: format!(
                    "with {} passes use {least} to {MAX_MEMORY_KIB} KiB",
                    self.hash_passes
                ),
            });
        }
        if u64::from(self.hash_memory_kib) * u64::from(self.hash_passes) > MAX_WORK_KIB {
            remarks.push(Remark::Refused {
                key: "hash_passes",
                why: format!("memory times passes is at most {MAX_WORK_KIB} KiB"),
            });
        }
        if self.hash_queue == 0 || self.hash_queue > LONGEST_QUEUE {
            remarks.push(Remark::Refused {
                key: "hash_queue",
                why: format!("use 1 to {LONGEST_QUEUE}"),
            });
        }
        remarks
    }

    /// What a new password hash costs.
    pub(crate) fn cost(&self) -> Cost {
        Cost {
            memory_kib: self.hash_memory_kib,
            passes: self.hash_passes,
            lanes: 1,
        }
    }

    /// Size of the hashing pool.
    pub(crate) fn pool(&self) -> PoolSize {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = if self.hash_threads == 0 {
            cores.saturating_sub(1).max(1)
        } else {
            self.hash_threads
        };
        PoolSize {
            threads,
            queue: self.hash_queue,
            name: gantry_runtime::logging::DISCREET,
        }
    }
}
