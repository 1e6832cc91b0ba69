//! `gantry healthcheck`, and the question it asks.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use gantry_runtime::ServerSettings;

use super::context::Context;
use super::{CliError, say};

/// The longest answer that is read.
const LONGEST: u64 = 64 * 1024;

#[derive(Debug, Args)]
pub(super) struct Healthcheck {
    /// Address and port of the server [default: server.listen of the configuration]
    #[arg(long, value_name = "ADDR:PORT")]
    address: Option<SocketAddr>,
    /// Seconds to wait for its answer
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    timeout: u64,
}

impl Healthcheck {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, CliError> {
        let address = match self.address {
            Some(address) => address,
            None => {
                context
                    .config()?
                    .section::<ServerSettings>("server")?
                    .listen
            }
        };
        let patience = Duration::from_secs(self.timeout.max(1));
        match ask(near(address), "/readyz", patience) {
            Ok((200, _)) => Ok(ExitCode::SUCCESS),
            Ok((status, body)) => {
                say(&format!("gantry: /readyz answers {status}: {body}\n"));
                Ok(ExitCode::FAILURE)
            }
            Err(error) => {
                say(&format!("gantry: {address} does not answer: {error}\n"));
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

/// Who listens on every address of the machine is asked on the nearest.
pub(super) fn near(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// A GET of this path: the status and the body. `patience` is for the whole of it, as far as a blocking socket lets.
pub(super) fn ask(
    address: SocketAddr,
    path: &str,
    patience: Duration,
) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: gantry-healthcheck\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP/1.1"))?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status, body.trim().to_owned()))
}
