//! `gantry openapi`: the document of this binary's routes. It follows from the code alone, so it is
//! made from a process without configuration in a directory that is thrown away.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use gantry_kernel::Kernel;
use gantry_runtime::config::Sources;

use super::CliError;
use super::context::block_on;
use crate::App;

pub(super) fn run() -> Result<String, CliError> {
    let kernel = Kernel::system();
    let name: String = kernel.token().expose().chars().take(16).collect();
    let scratch = std::env::temp_dir().join(format!("gantry-openapi-{name}"));
    std::fs::create_dir(&scratch)?;
    let document = block_on(document(&scratch, kernel));
    std::fs::remove_dir_all(&scratch)?;
    document
}

async fn document(scratch: &Path, kernel: Kernel) -> Result<String, CliError> {
    let app = App::new()?;
    let config = app.config(&Sources::default())?;
    let bound = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
    let assembled = app
        .assemble(config, &scratch.join("data"), kernel, bound)
        .await?;
    let document = assembled.process.service.table().openapi();
    let text = serde_json::to_string_pretty(&document).map_err(CliError::failed)?;
    Ok(text + "\n")
}
