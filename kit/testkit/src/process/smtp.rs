//! The SMTP simulator as a process, and its inbox.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Child, program};
use crate::eventually;

const START_LIMIT: Duration = Duration::from_secs(20);

/// A running SMTP server that keeps what it is sent; ends when dropped.
#[derive(Debug)]
pub struct SmtpSim {
    child: Child,
    http: reqwest::Client,
    smtp: String,
    api: String,
    _folder: TempDir,
}

/// A message as it was received.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The simulator's number for it; later messages have larger ones.
    pub id: u64,
    /// Decoded subject.
    pub subject: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// The `Message-ID` header.
    pub message_id: String,
    /// The plain text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Every link of both parts, once, in order.
    pub links: Vec<String>,
}

impl SmtpSim {
    /// Starts it on ports of the system's choice.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the simulator's log");
        let log = folder.path().join("smtp.log");
        let mut command = Command::new(program("GANTRY_SIM_SMTP_BIN", "gantry-sim-smtp"));
        command.args(["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        let mut child = Child::start("gantry-sim-smtp", &mut command, &log);
        let bound = eventually("the SMTP simulator's first line", START_LIMIT, async || {
            first_line(&mut child)
        })
        .await;
        let text = |name: &str| bound[name].as_str().unwrap_or_default().to_owned();
        let (smtp, page) = (text("smtp"), text("http"));
        assert!(
            !smtp.is_empty() && page.starts_with("http://"),
            "the simulator said {bound}"
        );
        let api = format!("{}/api/v1", page.trim_end_matches('/'));
        Self {
            child,
            http: crate::client::plain_http(),
            smtp,
            api,
            _folder: folder,
        }
    }

    /// Its inbox page and API: `http://127.0.0.1:port`.
    pub fn url(&self) -> &str {
        self.api.trim_end_matches("/api/v1")
    }

    /// Where it listens, as `127.0.0.1:port`.
    pub fn address(&self) -> &str {
        &self.smtp
    }

    /// The page that shows the inbox, without a slash at the end.
    pub fn inbox_url(&self) -> String {
        self.api.trim_end_matches("/api/v1").to_owned()
    }

    /// Waits for a message to `to` whose subject contains `subject` (an empty text fits any);
    /// of several the newest is taken.
    pub async fn wait_mail(&self, to: &str, subject: &str, deadline: Duration) -> Mail {
        self.wait_mail_since(0, to, subject, deadline).await
    }

    /// Every message to `to`, oldest first.
    pub async fn mails(&self, to: &str) -> Vec<Mail> {
        let mut mails = Vec::new();
        for (id, _) in self.list(to, 0).await {
            mails.push(self.read(id).await);
        }
        mails
    }

    /// The number of the newest message, to wait for later ones only; 0 when there is none.
    pub async fn newest(&self) -> u64 {
        let all = self.get("/messages?limit=1000000").await;
        ids(&all).into_iter().map(|(id, _)| id).max().unwrap_or(0)
    }

    /// Like [`wait_mail`](Self::wait_mail), for messages with a number above `since`.
    pub async fn wait_mail_since(
        &self,
        since: u64,
        to: &str,
        subject: &str,
        deadline: Duration,
    ) -> Mail {
        let what = format!("a mail to {to} about {subject:?} after number {since}");
        let id = eventually(&what, deadline, async || {
            let mails = self.list(to, since).await;
            let found = mails.iter().rev().find(|(_, seen)| seen.contains(subject));
            found
                .map(|(id, _)| *id)
                .ok_or_else(|| format!("the inbox has {mails:?}"))
        })
        .await;
        self.read(id).await
    }

    /// Puts a fault in force: `json!({"mode": "greylist", "count": 1})`; see the simulator's page
    /// for the modes. Returns once it holds.
    pub async fn set_fault(&self, fault: Value) {
        let reply = self
            .http
            .put(format!("{}/faults", self.api))
            .json(&fault)
            .send()
            .await;
        let reply = reply.expect("the simulator answers");
        let status = reply.status();
        let text = reply.text().await.unwrap_or_default();
        assert!(
            status.is_success(),
            "the fault {fault} was refused with {status}: {text}"
        );
    }

    /// Ends every fault.
    pub async fn heal(&self) {
        self.set_fault(json!({ "mode": "none" })).await;
    }

    /// Counters of the simulator: connections, messages taken and refused.
    pub async fn stats(&self) -> Value {
        self.get("/stats").await
    }

    async fn list(&self, to: &str, since: u64) -> Vec<(u64, String)> {
        let to = percent_encoding::utf8_percent_encode(to, percent_encoding::NON_ALPHANUMERIC);
        ids(&self
            .get(&format!("/messages?to={to}&since={since}&limit=1000"))
            .await)
    }

    async fn read(&self, id: u64) -> Mail {
        let detail = self.get(&format!("/messages/{id}")).await;
        let text = |name: &str| detail[name].as_str().unwrap_or_default().to_owned();
        let list = |name: &str| {
            let items = detail[name].as_array().into_iter().flatten();
            items.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Mail {
            id,
            subject: text("subject"),
            to: list("to"),
            message_id: text("message_id"),
            text: text("text"),
            html: text("html"),
            links: list("links"),
        }
    }

    async fn get(&self, path: &str) -> Value {
        let reply = self.http.get(format!("{}{path}", self.api)).send().await;
        let reply = reply.unwrap_or_else(|error| panic!("{path}: {error}\n{}", self.child.tail()));
        let reply = reply
            .error_for_status()
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        reply
            .json()
            .await
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

impl Mail {
    /// The first link whose text contains `part`.
    pub fn link(&self, part: &str) -> &str {
        self.links
            .iter()
            .find(|link| link.contains(part))
            .unwrap_or_else(|| {
                panic!(
                    "no link with {part:?} in {:?}: {:?}",
                    self.subject, self.links
                )
            })
    }

    /// The value of a parameter (in the query or after `#`) of the first link that has it.
    pub fn parameter(&self, name: &str) -> String {
        self.links
            .iter()
            .find_map(|link| parameter(link, name))
            .unwrap_or_else(|| panic!("no link has {name:?}: {:?}", self.links))
    }
}

fn parameter(link: &str, name: &str) -> Option<String> {
    link.split(['?', '#', '&']).skip(1).find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        let value = percent_encoding::percent_decode_str(value)
            .decode_utf8()
            .ok()?;
        (key == name).then(|| value.into_owned())
    })
}

fn ids(list: &Value) -> Vec<(u64, String)> {
    let messages = list["messages"].as_array().into_iter().flatten();
    let mut ids: Vec<(u64, String)> = messages
        .filter_map(|message| {
            let subject = message["subject"].as_str().unwrap_or_default();
            Some((message["id"].as_u64()?, subject.to_owned()))
        })
        .collect();
    ids.sort_unstable();
    ids
}

fn first_line(child: &mut Child) -> Result<Value, String> {
    if let Some(status) = child.ended() {
        return Err(format!("it ended with {status}\n{}", child.tail()));
    }
    let output = child.output();
    let line = output
        .split_once('\n')
        .map(|(line, _)| line)
        .ok_or_else(|| child.tail())?;
    serde_json::from_str(line).map_err(|error| format!("{line:?} is not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_links_are_decoded() {
        let link = "http://127.0.0.1:8080/verify?a=1&token=x%2Fy_-#b=2";
        assert_eq!(parameter(link, "token").as_deref(), Some("x/y_-"));
        assert_eq!(parameter(link, "b").as_deref(), Some("2"));
        assert_eq!(parameter(link, "c"), None);
        assert_eq!(
            parameter("http://127.0.0.1/#token=abc", "token").as_deref(),
            Some("abc")
        );
    }
}
