//! How the module joins a process.

use std::{fmt, sync::Arc, time::Duration};

use gantry_contracts::PEOPLE;
use gantry_db::{ControlDb, Tenants};
use gantry_http::HealthCheck;
use gantry_jobs::{JobKind, MailKind, outbox};
use gantry_kernel::{Email, Kernel};
use gantry_runtime::config::ConfigSection;
use gantry_runtime::{BuildError, Manifest, Parts, PlatformBuild, PlatformModule, StartHook};

use crate::{
    MIGRATIONS, MailConfig, Mailer, Notices, NoticesConfig, Rendered, SendError,
    mail::{self, Letter},
    permissions,
    routes::routes,
};

const NAME: &str = "notify";
const SECTION: &str = "mail";
const NOTICES: &str = "notices";

type FindKind = dyn Fn(&str) -> Option<MailKind> + Send + Sync;

/// What routes and jobs of this module work with.
pub struct Notify {
    pub(crate) control: ControlDb,
    pub(crate) tenants: Tenants,
    pub(crate) mailer: Mailer,
    pub(crate) retention: Duration,
    pub(crate) kinds: Box<FindKind>,
}

impl Notify {
    /// `retention` is how long mails are kept that were sent or are no longer wanted; `kinds` finds a
    /// kind of mail by its name.
    pub fn new(
        control: ControlDb,
        tenants: Tenants,
        mailer: Mailer,
        retention: Duration,
        kinds: impl Fn(&str) -> Option<MailKind> + Send + Sync + 'static,
    ) -> Self {
        Self {
            control,
            tenants,
            mailer,
            retention,
            kinds: Box::new(kinds),
        }
    }

    /// Puts mail that was held for want of a mail server back into its queues, if there is one now.
    /// Answers how many mails; a place that cannot be opened keeps its mail for the next start.
    pub async fn release_held(&self) -> Result<usize, gantry_db::DbError> {
        if !self.mailer.is_configured() {
            return Ok(0);
        }
        let mut released = 0;
        for (place, since) in mail::places(&self.control).await? {
            match mail::release(&self.control, &self.tenants, place.clone(), since).await {
                Ok(count) => released += count,
                Err(error) => tracing::warn!(%place, %error, "held mail not released"),
            }
        }
        Ok(released)
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify")
            .field("mailer", &self.mailer)
            .finish_non_exhaustive()
    }
}

impl Mailer {
    /// Sends a test mail at once, past the outbox, and says what the server answered: what
    /// `gantry mail test` does.
    pub async fn send_test(&self, kernel: &Kernel, to: &Email) -> Result<(), SendError> {
        let id: outbox::OutboxId = kernel.id();
        let text = "This mail shows that Gantry can send mail.";
        let message = mail::compose(Letter {
            from: &self.from,
            reply_to: self.reply_to.as_ref(),
            to,
            message_id: &format!("{id}@{}", self.domain()),
            date: kernel.now(),
            rendered: Rendered {
                subject: "Test mail from Gantry".to_owned(),
                text: format!("{text}\r\n"),
                html: format!("<p>{text}</p>"),
            },
        })
        .map_err(|error| SendError::Permanent(error.to_string()))?;
        self.send(message).await
    }
}

/// The jobs of this module. Attempts at a mail go on for about a day, longer than most mail servers
/// are ever down and than any greylisting lasts.
pub fn jobs(notify: &Arc<Notify>) -> Vec<JobKind> {
    let (delivering, forgetting) = (Arc::clone(notify), Arc::clone(notify));
    let deliver = JobKind::new(outbox::MAIL_DELIVER, move |cx| {
        let notify = Arc::clone(&delivering);
        async move { mail::deliver(&notify, cx).await }
    });
    let forget = JobKind::new(mail::FORGET, move |cx| {
        let notify = Arc::clone(&forgetting);
        async move { mail::forget(&notify, cx).await }
    });
    vec![
        deliver
            .max_attempts(24)
            .backoff(Duration::from_secs(5), Duration::from_hours(2))
            .on_dead(|tx, death| Box::pin(mail::given_up(tx, death))),
        forget,
    ]
}

struct Module;

/// The notify module.
pub fn module() -> impl PlatformModule {
    Module
}

impl PlatformModule for Module {
    fn manifest(&self) -> Manifest {
        Manifest {
            migrations: MIGRATIONS,
            permissions: permissions::declared(),
            needs: &[PEOPLE],
            config: vec![
                ConfigSection::reviewed(SECTION, MailConfig::review),
                ConfigSection::of::<NoticesConfig>(NOTICES),
            ],
            ..Manifest::new(NAME)
        }
    }

    fn build(self: Box<Self>, cx: &PlatformBuild) -> Result<Parts, BuildError> {
        let config = cx.section::<MailConfig>(SECTION)?;
        let mailer = Mailer::new(&config).map_err(BuildError::other)?;
        let mails = cx.mails.clone();
        let notify = Arc::new(Notify::new(
            cx.control.clone(),
            cx.tenants.clone(),
            mailer.clone(),
            config.retention.get(),
            move |name| mails.get(name).cloned(),
        ));
        let notices = Arc::new(Notices::new(
            cx.control.clone(),
            cx.contracts.people.clone(),
            cx.section::<NoticesConfig>(NOTICES)?.retention.get(),
        ));
        let releasing = Arc::clone(&notify);
        let mut jobs = jobs(&notify);
        jobs.extend(notices.jobs());
        Ok(Parts {
            routes: routes(Arc::clone(&notify)).join(notices.routes()),
            jobs,
            schedules: Notices::schedules(),
            health: vec![HealthCheck::informative("mail", move || {
                let mailer = mailer.clone();
                async move { mailer.check().await }
            })],
            start: vec![StartHook::new("release held mail", move || {
                let notify = Arc::clone(&releasing);
                async move {
                    // Opening many tenants takes a while, and nobody who connects needs it done.
                    tokio::spawn(async move {
                        match notify.release_held().await {
                            Ok(0) => {}
                            Ok(mails) => tracing::info!(mails, "held mail goes out"),
                            Err(error) => tracing::warn!(%error, "held mail not released"),
                        }
                    });
                    Ok(Vec::new())
                }
            })],
            ..Parts::default()
        })
    }
}
