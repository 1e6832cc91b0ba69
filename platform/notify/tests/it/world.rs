//! One tenant, a mail server, and time in the test's hands.

use std::{ops::Deref, sync::Arc, time::Duration};

use gantry_db::{DbError, Engine, TenantDb};
use gantry_jobs::{
    Mail, MailKind, OutboxId, Runner,
    outbox::{self, Listed},
};
use gantry_notify::{MailConfig, Mailer, Notify, TlsMode};
use gantry_sim_smtp::{Options, Simulator};
use gantry_testkit::Stage;
use serde_json::json;

pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) tenant: TenantDb,
    stage: Stage,
}

impl Deref for World {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.stage
    }
}

fn kind(name: &str) -> Option<MailKind> {
    let wanted = match name {
        "test.hello" => true,
        "test.unwanted" => false,
        _ => return None,
    };
    Some(MailKind::new(
        if wanted {
            "test.hello"
        } else {
            "test.unwanted"
        },
        "Hello {{ name }}",
        "Open https://example.com/t?token={{ token }}",
        "<p>Hello {{ name }}</p><a href=\"https://example.com/t?token={{ token }}\">open</a>",
        || json!({ "name": "Example", "token": "t" }),
        move |mail| async move {
            // Minted at send time: a new one for each attempt.
            let name = mail.params["name"].clone();
            Ok(wanted.then(|| json!({ "name": name, "token": "abc" })))
        },
    ))
}

impl World {
    pub(crate) async fn new(engine: Engine) -> Self {
        let modules = [gantry_jobs::MIGRATIONS, gantry_notify::MIGRATIONS];
        let stage = Stage::new(engine, modules).await;
        Self {
            simulator: Simulator::start(Options::default()).await.unwrap(),
            tenant: stage.tenant("one").await,
            stage,
        }
    }

    pub(crate) fn config(&self) -> MailConfig {
        MailConfig {
            host: Some("127.0.0.1".to_owned()),
            port: Some(self.simulator.smtp_addr().port()),
            tls: TlsMode::None,
            from: "Gantry <no-reply@example.com>".to_owned(),
            ..MailConfig::default()
        }
    }

    pub(crate) fn notify(&self, config: &MailConfig) -> Arc<Notify> {
        Arc::new(Notify::new(
            self.databases.control.clone(),
            self.databases.tenants.clone(),
            Mailer::new(config).unwrap(),
            config.retention.get(),
            kind,
        ))
    }

    pub(crate) fn runner(&self, notify: &Arc<Notify>) -> Runner {
        self.stage.runner(gantry_notify::jobs(notify), Vec::new())
    }

    /// A runner whose mail server is the simulator.
    pub(crate) fn sending(&self) -> Runner {
        self.runner(&self.notify(&self.config()))
    }

    pub(crate) async fn put(&self, template: &'static str) -> OutboxId {
        self.tenant
            .write(async move |tx| {
                let mail = Mail {
                    template,
                    to: "b@example.org".parse().map_err(|_| DbError::NoRow)?,
                    params: json!({ "name": "<Zoë>" }),
                };
                outbox::put_mail(tx, mail).await
            })
            .await
            .unwrap()
    }

    pub(crate) async fn listed(&self) -> Listed {
        let mut all = self
            .tenant
            .read(async |tx| outbox::list(tx, None, None, 10).await)
            .await
            .unwrap();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    pub(crate) fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}
