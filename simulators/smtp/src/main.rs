//! `gantry-sim-smtp`: the mail simulator as a process of its own.

use std::{io::Write, net::SocketAddr, process::ExitCode};

use clap::Parser;
use gantry_sim_smtp::{Options, Simulator};

/// A mail server that keeps what it is sent, shows it, and fails on request.
#[derive(Debug, Parser)]
#[command(name = "gantry-sim-smtp", version)]
struct Arguments {
    /// SMTP address; port 0 lets the system choose.
    #[arg(long, default_value = "127.0.0.1:1025")]
    listen: SocketAddr,
    /// Address of the inbox page and REST interface; port 0 lets the system choose.
    #[arg(long, default_value = "127.0.0.1:8025")]
    http: SocketAddr,
    /// Replaces the SMTP port; 0 lets the system choose both.
    #[arg(long)]
    port: Option<u16>,
    /// Largest message accepted, in bytes.
    #[arg(long, default_value_t = 10 * 1024 * 1024)]
    max_message_bytes: usize,
    /// Messages kept; older ones are forgotten first.
    #[arg(long, default_value_t = 1_000)]
    max_messages: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let mut options = Options {
        smtp: arguments.listen,
        http: arguments.http,
        max_message_bytes: arguments.max_message_bytes,
        max_messages: arguments.max_messages,
    };
    match arguments.port {
        Some(0) => {
            options.smtp.set_port(0);
            options.http.set_port(0);
        }
        Some(port) => options.smtp.set_port(port),
        None => {}
    }
    for address in [options.smtp, options.http] {
        if !address.ip().is_loopback() {
            complain(&format!(
                "{address} is reachable from other machines, and nothing here asks for a password"
            ));
        }
    }
    let simulator = Simulator::start(options).await?;
    let bound = serde_json::json!({
        "smtp": simulator.smtp_addr().to_string(),
        "http": format!("http://{}/", simulator.http_addr()),
    });
    writeln!(std::io::stdout(), "{bound}")?;
    tokio::select! {
        () = simulator.join() => Err("a listener ended".into()),
        result = stop_requested() => Ok(result?),
    }
}

async fn stop_requested() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

/// A closed standard error leaves nobody to tell, so that failure alone is dropped.
fn complain(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}
