//! Reading a stream of server-sent events as it comes.

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerEvent {
    /// `message` when the server gave no name.
    pub name: String,
    /// What would be sent back in `Last-Event-ID` from here on.
    pub id: String,
    /// What it says.
    pub data: Value,
}

/// An open stream. Dropping it closes the connection.
#[derive(Debug)]
pub struct Events {
    reply: Response,
    text: String,
    last_id: String,
    over: bool,
}

impl Events {
    pub(super) fn new(reply: Response) -> Self {
        Self {
            reply,
            text: String::new(),
            last_id: String::new(),
            over: false,
        }
    }

    /// A header of the answer.
    pub fn header(&self, name: &str) -> &str {
        let value = self.reply.headers().get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The id of the last event or heartbeat.
    pub fn last_id(&self) -> &str {
        &self.last_id
    }

    /// The next event; `None` when the server has ended the stream. Panics when nothing comes within `patience`.
    pub async fn next(&mut self, patience: Duration) -> Option<ServerEvent> {
        let read = tokio::time::timeout(patience, self.read()).await;
        read.unwrap_or_else(|_| panic!("no event within {patience:?} after {:?}", self.last_id))
    }

    /// Reads on until an event satisfies `wanted`; what comes before is passed over.
    pub async fn until(
        &mut self,
        what: &str,
        patience: Duration,
        mut wanted: impl FnMut(&ServerEvent) -> bool,
    ) -> ServerEvent {
        let reading = async {
            loop {
                match self.read().await {
                    Some(event) if wanted(&event) => return event,
                    Some(_) => {}
                    None => panic!("the stream ended before {what}"),
                }
            }
        };
        let read = tokio::time::timeout(patience, reading).await;
        read.unwrap_or_else(|_| panic!("no {what} within {patience:?}"))
    }

    async fn read(&mut self) -> Option<ServerEvent> {
        loop {
            while let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                if let Some(event) = self.take(&block) {
                    return Some(event);
                }
            }
            if self.over {
                return None;
            }
            match self.reply.chunk().await {
                Ok(Some(bytes)) => self.text.push_str(&String::from_utf8_lossy(&bytes)),
                // A connection that broke is as much an end as one that was closed.
                Ok(None) | Err(_) => self.over = true,
            }
        }
    }

    /// One block of lines (WHATWG HTML, section 9.2.6); a block without data is no event.
    fn take(&mut self, block: &str) -> Option<ServerEvent> {
        let (mut name, mut data) = (None, None);
        for line in block.lines() {
            match line.split_once(": ") {
                Some(("event", value)) => name = Some(value.to_owned()),
                Some(("id", value)) => value.clone_into(&mut self.last_id),
                Some(("data", value)) => data = Some(value.to_owned()),
                _ => {}
            }
        }
        let data = data?;
        Some(ServerEvent {
            name: name.unwrap_or_else(|| "message".to_owned()),
            id: self.last_id.clone(),
            data: serde_json::from_str(&data)
                .unwrap_or_else(|error| panic!("data that is no JSON: {error}: {data}")),
        })
    }
}
