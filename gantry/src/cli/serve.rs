//! `gantry serve`.

use std::fmt::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use gantry_kernel::Kernel;
use gantry_runtime::config::Flag;
use gantry_runtime::{Ended, ServerSettings, StartError, Stopper};

use super::context::{Context, block_on};
use super::{CliError, say};
use crate::memory;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// A proxy that speaks TLS stands in front
    #[arg(long)]
    behind_proxy: bool,
}

impl Serve {
    pub(super) fn run(self, mut context: Context) -> Result<ExitCode, CliError> {
        if let Some(listen) = self.listen {
            let value = listen.to_string().into();
            context.flag(Flag {
                name: "--listen",
                key: "server.listen",
                value,
            });
        }
        if self.behind_proxy {
            let value = true.into();
            context.flag(Flag {
                name: "--behind-proxy",
                key: "server.behind_proxy",
                value,
            });
        }
        let config = context.config()?;
        let server = config.section::<ServerSettings>("server")?;
        let data = context.data.clone();
        memory::keep_small().map_err(StartError::Thread)?;
        let ended = block_on(async move {
            let stopper = Stopper::new();
            stopper.on_signals().map_err(StartError::Signals)?;
            let announce = |bound: SocketAddr, lines: &[String]| {
                say(&greeting(bound, &server.public_url(bound), &data, lines));
            };
            let kernel = Kernel::system();
            Ok(context
                .app
                .serve(config, &context.data, kernel, &stopper, announce)
                .await?)
        })?;
        Ok(match ended {
            Ended::Drained => ExitCode::SUCCESS,
            Ended::Cut => {
                say("gantry: asked twice to stop: what was under way was cut off\n");
                ExitCode::FAILURE
            }
        })
    }
}

fn greeting(bound: SocketAddr, url: &str, data: &std::path::Path, lines: &[String]) -> String {
    let own = format!("http://{bound}");
    let mut text = format!("gantry {} listens on {own}", env!("CARGO_PKG_VERSION"));
    if url != own {
        // Writing to a String cannot fail.
        write!(text, ", people use {url}").ok();
    }
    let data = std::path::absolute(data).unwrap_or_else(|_| data.to_owned());
    write!(text, "\n- data directory: {}\n", data.display()).ok();
    for line in lines {
        writeln!(text, "- {line}").ok();
    }
    text.push_str("- stop with Ctrl-C or SIGTERM; a second one does not wait\n");
    text
}
