//! What the server meets outside: the mail server, the address people use, and the server itself if it runs.

use std::time::Duration;

use gantry_notify::{MailConfig, Mailer};
use gantry_runtime::{Config, ServerSettings};

use super::super::health::{ask, near};
use super::report::Report;

/// For one look outside.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn examine(config: &Config, report: &mut Report) {
    if let Ok(mail) = config.section::<MailConfig>("mail") {
        mail_server(&mail, report).await;
    }
    if let Ok(server) = config.section::<ServerSettings>("server") {
        public_url(&server, report).await;
        running(&server, report);
    }
}

async fn mail_server(settings: &MailConfig, report: &mut Report) {
    const CHECK: &str = "mail server";
    let mailer = match Mailer::new(settings) {
        Ok(mailer) => mailer,
        Err(error) => {
            report.fail(CHECK, error, "correct [mail]");
            return;
        }
    };
    // That none is configured is among what the configuration lacks.
    if !mailer.is_configured() {
        return;
    }
    match tokio::time::timeout(PATIENCE, mailer.check()).await {
        Ok(Ok(())) => report.ok(CHECK, "it answers"),
        Ok(Err(why)) => report.fail(CHECK, why, "gantry mail test ADDRESS shows what it says"),
        Err(_) => report.fail(
            CHECK,
            format!("no answer within {PATIENCE:?}"),
            "check mail.host, mail.port and the firewall",
        ),
    }
}

async fn public_url(settings: &ServerSettings, report: &mut Report) {
    const CHECK: &str = "public_url";
    // That it is not set is among what the configuration lacks.
    let Some(url) = settings.public_url.as_deref() else {
        return;
    };
    let parts = url.split_once("://");
    let Some((scheme, rest)) = parts else {
        return;
    };
    let host = rest.trim_end_matches('/').to_owned();
    let bare = host
        .rsplit_once(':')
        .filter(|(_, port)| !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()));
    let target = match bare {
        Some(_) => host,
        None if scheme == "https" => format!("{host}:443"),
        None => format!("{host}:80"),
    };
    let connected = tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect(&target)).await;
    match connected {
        Ok(Ok(_)) => report.ok(CHECK, format!("{url} can be connected to from here")),
        Ok(Err(error)) => report.warn(
            CHECK,
            format!("{target} cannot be connected to from here: {error}"),
            "check the name and the proxy; from inside a network it may be normal",
        ),
        Err(_) => report.warn(
            CHECK,
            format!("{target} does not answer within {PATIENCE:?}"),
            "check the name and the proxy; from inside a network it may be normal",
        ),
    }
    if scheme != "https" {
        report.warn(
            CHECK,
            "people use it without TLS",
            "put a proxy that speaks TLS in front and set the https address",
        );
    }
}

fn running(settings: &ServerSettings, report: &mut Report) {
    const CHECK: &str = "server";
    let address = near(settings.listen);
    match ask(address, "/readyz", PATIENCE) {
        Ok((200, _)) => report.ok(CHECK, format!("it runs at {address} and is ready")),
        Ok((status, body)) => report.fail(
            CHECK,
            format!("it runs at {address} and is not ready ({status}): {body}"),
            "its log says why",
        ),
        Err(_) => report.warn(
            CHECK,
            format!("nothing answers at {address}"),
            "start it, if it should run here",
        ),
    }
}
