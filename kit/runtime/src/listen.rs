//! Where the process may be reached: beyond this machine only through something that
//! speaks TLS, because passwords and session cookies travel on this connection.

use std::io;
use std::net::SocketAddr;

use crate::config::Remark;
use crate::settings::ServerSettings;

/// The rules over the `[server]` section.
pub(crate) fn review(server: &ServerSettings) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let https = server
        .public_url
        .as_deref()
        .is_some_and(|url| url.starts_with("https://"));
    let private = server.listen.ip().is_loopback();
    if !(private || (server.behind_proxy && https)) {
        remarks.push(Remark::Refused {
            key: "listen",
            why: beyond_loopback(server, https),
        });
    }
    if !private && server.behind_proxy && server.trusted_proxies.is_empty() {
        remarks.push(Remark::Refused {
            key: "trusted_proxies",
            why: format!(
                "must name the proxies in front, as addresses or networks: requests to {} come from other machines, \
                 and without it everybody behind the proxy is one address that shares limits and lockouts",
                server.listen,
            ),
        });
    }
    if server.public_url.is_none() {
        remarks.push(Remark::Missing {
            what: "server.public_url",
            meaning: "links in mails lead to the listen address, which only this machine can open"
                .to_owned(),
        });
    }
    if !server.behind_proxy && !server.trusted_proxies.is_empty() {
        remarks.push(Remark::Refused {
            key: "trusted_proxies",
            why: "has no effect without --behind-proxy (server.behind_proxy = true)".to_owned(),
        });
    }
    remarks
}

fn beyond_loopback(server: &ServerSettings, https: bool) -> String {
    let proxy = if server.behind_proxy {
        None
    } else {
        Some("start with --behind-proxy")
    };
    let url = if https {
        None
    } else {
        Some("set server.public_url to the https address people use (https://gantry.example.com)")
    };
    let steps: Vec<&str> = proxy.into_iter().chain(url).collect();
    format!(
        "{} can be reached from other machines, and this version does not speak TLS itself, so \
         passwords would cross the network in the clear; put a proxy that speaks TLS in front and \
         {}, or listen on 127.0.0.1",
        server.listen,
        steps.join(" and "),
    )
}

/// An address that is taken but not listened on yet: nobody can connect before the process is ready,
/// and an address in use is known before any database is opened.
#[derive(Debug)]
pub(crate) struct Reserved {
    socket: tokio::net::TcpSocket,
    /// The address with its real port, should the configuration have left that open with 0.
    pub(crate) address: SocketAddr,
}

impl Reserved {
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = if address.is_ipv4() {
            tokio::net::TcpSocket::new_v4()?
        } else {
            tokio::net::TcpSocket::new_v6()?
        };
        // Connections of the process before this one may linger for minutes in TIME_WAIT.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    pub(crate) fn listen(self) -> io::Result<tokio::net::TcpListener> {
        self.socket.listen(1_024)
    }
}
