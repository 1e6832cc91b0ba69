//! One SMTP dialogue, from the greeting to the end of the connection.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncWriteExt, BufReader, BufWriter},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

use super::{
    Server,
    command::{self, Command},
    line::{self, Line},
};
use crate::fault::Fault;

/// Longest text line with CRLF, RFC 5321 section 4.5.3.1.6.
const MAX_TEXT_LINE: usize = 1_000;
/// RFC 5321 section 4.5.3.1.8 asks for at least 100.
const MAX_RECIPIENTS: usize = 100;
/// RFC 5321 section 4.5.3.2.7.
const IDLE: Duration = Duration::from_mins(5);

pub(crate) async fn run(stream: TcpStream, server: Arc<Server>) {
    // Without Nagle's delay a reply leaves at once; a socket that refuses the option still works.
    drop(stream.set_nodelay(true));
    let (read, write) = stream.into_split();
    let mut session = Session {
        reader: BufReader::new(read),
        writer: BufWriter::new(write),
        server,
        greeted: false,
        envelope: None,
    };
    // A broken connection ends the session and nothing else; the client is the one to judge it.
    drop(session.talk().await);
}

struct Session {
    reader: BufReader<OwnedReadHalf>,
    writer: BufWriter<OwnedWriteHalf>,
    server: Arc<Server>,
    greeted: bool,
    envelope: Option<Envelope>,
}

struct Envelope {
    from: String,
    recipients: Vec<String>,
    utf8: bool,
}

enum Next {
    Go,
    Close,
}

impl Session {
    async fn talk(&mut self) -> io::Result<()> {
        self.reply("220 simulator.invalid ESMTP gantry-sim-smtp")
            .await?;
        loop {
            let line = match self.line(command::MAX_LINE).await? {
                Line::Complete(line) => line,
                Line::BareLf => {
                    self.reply("500 5.5.2 lines end with CRLF").await?;
                    continue;
                }
                Line::TooLong => {
                    self.reply("500 5.5.2 line too long").await?;
                    continue;
                }
                Line::Closed => return Ok(()),
            };
            let next = match command::parse(&line) {
                Ok(command) => self.obey(command).await?,
                Err(refusal) => {
                    self.reply(refusal).await?;
                    Next::Go
                }
            };
            if matches!(next, Next::Close) {
                return self.writer.shutdown().await;
            }
        }
    }

    async fn obey(&mut self, command: Command) -> io::Result<Next> {
        match command {
            Command::Ehlo => {
                self.greeted = true;
                self.envelope = None;
                let size = format!("250-SIZE {}", self.server.max_message_bytes);
                for line in [
                    "250-simulator.invalid",
                    size.as_str(),
                    "250-8BITMIME",
                    "250-PIPELINING",
                    "250-ENHANCEDSTATUSCODES",
                ] {
                    self.put(line).await?;
                }
                self.reply("250 SMTPUTF8").await?;
            }
            Command::Helo => {
                self.greeted = true;
                self.envelope = None;
                self.reply("250 simulator.invalid").await?;
            }
            Command::Mail { from, size, utf8 } => return self.mail(from, size, utf8).await,
            Command::Rcpt { to } => self.rcpt(to).await?,
            Command::Data => return self.data().await,
            Command::Rset => {
                self.envelope = None;
                self.reply("250 2.0.0 ok").await?;
            }
            Command::Noop => self.reply("250 2.0.0 ok").await?,
            Command::Vrfy => {
                self.reply("252 2.1.5 cannot verify, will accept the message")
                    .await?;
            }
            Command::Quit => {
                self.reply("221 2.0.0 bye").await?;
                return Ok(Next::Close);
            }
        }
        Ok(Next::Go)
    }

    async fn mail(&mut self, from: String, size: Option<usize>, utf8: bool) -> io::Result<Next> {
        if !self.greeted {
            self.reply("503 5.5.1 say EHLO first").await?;
        } else if self.envelope.is_some() {
            self.reply("503 5.5.1 a transaction is open").await?;
        } else if size.is_some_and(|size| size > self.server.max_message_bytes) {
            self.server.inbox.count_refused();
            self.reply("552 5.3.4 message too big").await?;
        } else if let Some(Fault::TempFail { code, .. }) = self
            .server
            .faults
            .take(|fault| matches!(fault, Fault::TempFail { .. }))
        {
            self.server.inbox.count_refused();
            if code == 421 {
                self.reply("421 4.3.2 service not available, closing")
                    .await?;
                return Ok(Next::Close);
            }
            self.reply("451 4.3.0 try again later").await?;
        } else {
            self.envelope = Some(Envelope {
                from,
                recipients: Vec::new(),
                utf8,
            });
            self.reply("250 2.1.0 ok").await?;
        }
        Ok(Next::Go)
    }

    async fn rcpt(&mut self, to: String) -> io::Result<()> {
        let Some(envelope) = &mut self.envelope else {
            return self.reply("503 5.5.1 need MAIL first").await;
        };
        let refusal = if !envelope.utf8 && !to.is_ascii() {
            Some("553 5.6.7 address needs SMTPUTF8")
        } else if envelope.recipients.len() >= MAX_RECIPIENTS {
            Some("452 4.5.3 too many recipients")
        } else if self.server.faults.current() == Fault::RejectRcpt {
            Some("550 5.1.1 no such mailbox")
        } else if self.server.faults.greylist(&to) {
            Some("451 4.7.1 greylisted, try again later")
        } else {
            envelope.recipients.push(to);
            None
        };
        if refusal.is_some() {
            self.server.inbox.count_refused();
        }
        self.reply(refusal.unwrap_or("250 2.1.5 ok")).await
    }

    async fn data(&mut self) -> io::Result<Next> {
        let envelope = match self.envelope.take() {
            Some(envelope) if envelope.recipients.is_empty() => {
                self.envelope = Some(envelope);
                self.reply("554 5.5.1 no valid recipients").await?;
                return Ok(Next::Go);
            }
            Some(envelope) => envelope,
            None => {
                self.reply("503 5.5.1 need MAIL first").await?;
                return Ok(Next::Go);
            }
        };
        self.reply("354 end data with <CRLF>.<CRLF>").await?;
        let raw = match self.read_data().await? {
            Body::Closed => return Ok(Next::Close),
            Body::Refused(reply) => {
                self.server.inbox.count_refused();
                self.reply(reply).await?;
                return Ok(Next::Go);
            }
            Body::Whole(raw) => raw,
        };
        let fault = self.server.faults.take(|fault| {
            matches!(
                fault,
                Fault::RejectData | Fault::DropAfterData { .. } | Fault::AcceptThenDrop { .. }
            )
        });
        match fault {
            Some(Fault::RejectData) => {
                self.server.inbox.count_refused();
                self.reply("554 5.7.1 message refused").await?;
                return Ok(Next::Go);
            }
            Some(Fault::DropAfterData { .. }) => {
                self.server.inbox.count_refused();
                return Ok(Next::Close);
            }
            _ => {}
        }
        self.server
            .inbox
            .store(envelope.from, envelope.recipients, raw);
        if fault.is_some() {
            return Ok(Next::Close);
        }
        self.reply("250 2.0.0 ok, kept").await?;
        Ok(Next::Go)
    }

    /// Reads to the final dot, whatever is wrong on the way, so that the dialogue stays in step.
    async fn read_data(&mut self) -> io::Result<Body> {
        let mut raw = Vec::new();
        let mut wrong = None;
        loop {
            match self.line(MAX_TEXT_LINE).await? {
                Line::Complete(line) if line == b"." => break,
                Line::Complete(line) => {
                    let text = line.strip_prefix(b".").unwrap_or(&line);
                    if raw.len() + text.len() + 2 > self.server.max_message_bytes {
                        wrong = wrong.or(Some("552 5.3.4 message too big"));
                    }
                    if wrong.is_none() {
                        raw.extend_from_slice(text);
                        raw.extend_from_slice(b"\r\n");
                    }
                }
                Line::BareLf => wrong = wrong.or(Some("554 5.6.0 lines end with CRLF")),
                Line::TooLong => wrong = wrong.or(Some("500 5.5.2 text line too long")),
                Line::Closed => return Ok(Body::Closed),
            }
        }
        Ok(wrong.map_or(Body::Whole(raw), Body::Refused))
    }

    /// Replies are held back while the client's next command is already here (RFC 2920).
    async fn line(&mut self, limit: usize) -> io::Result<Line> {
        if self.reader.buffer().is_empty() {
            self.writer.flush().await?;
        }
        timeout(IDLE, line::read(&mut self.reader, limit))
            .await
            .unwrap_or(Ok(Line::Closed))
    }

    async fn reply(&mut self, line: &str) -> io::Result<()> {
        if let Fault::Slow { millis } = self.server.faults.current() {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        self.put(line).await
    }

    async fn put(&mut self, line: &str) -> io::Result<()> {
        self.writer.write_all(line.as_bytes()).await?;
        self.writer.write_all(b"\r\n").await
    }
}

enum Body {
    Whole(Vec<u8>),
    Refused(&'static str),
    Closed,
}
