//! OpenID Connect by others: scripts of the repository, run by node with the packages that `cargo xtask test` installs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use reqwest::Url;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::cache;

/// A running provider (npm `oidc-provider`), ended when it is dropped.
#[derive(Debug)]
pub struct OpenIdPeers {
    issuer: String,
    client: [String; 3],
    /// The scripts, beside the packages they need.
    folder: tempfile::TempDir,
    _provider: Child,
    /// Open as long as the provider lives: it may say more.
    _output: Lines<BufReader<ChildStdout>>,
}

impl OpenIdPeers {
    /// Starts the provider in `scripts` for one client.
    pub async fn start(scripts: &Path, id: &str, secret: &str, redirect_uri: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the scripts");
        for script in ["provider.mjs", "browser.mjs", "visit.mjs", "peer.mjs"] {
            std::fs::copy(scripts.join(script), folder.path().join(script))
                .unwrap_or_else(|error| panic!("copying {script}: {error}"));
        }
        std::os::unix::fs::symlink(packages(), folder.path().join("node_modules"))
            .expect("a link to the packages");
        let client = json!({ "id": id, "secret": secret, "redirect_uris": [redirect_uri] });
        let mut provider = Command::new("node")
            .arg(folder.path().join("provider.mjs"))
            .arg(client.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("starting node: {error}; install Node.js 20 or newer"));
        let output = provider.stdout.take().expect("the provider's output");
        let mut output = BufReader::new(output).lines();
        let first = output.next_line().await;
        let first = first.expect("the provider's first line");
        Self {
            issuer: first
                .unwrap_or_else(|| panic!("the provider ended: see {}", scripts.display())),
            client: [id, secret, redirect_uri].map(str::to_owned),
            folder,
            _provider: provider,
            _output: output,
        }
    }

    /// Its name.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Signs in as `login` where a browser was sent; what it comes back with.
    pub async fn visit(&self, authorization_url: &str, login: &str) -> Value {
        let url = Url::parse(authorization_url).expect("an address to send browsers to");
        assert_eq!(url.origin().ascii_serialization(), self.issuer);
        self.run("visit.mjs", &[authorization_url, login]).await
    }

    /// The claims that another client (npm `openid-client`) accepts after the same log-in.
    pub async fn accepted_by_another_client(&self, login: &str) -> Value {
        let [id, secret, redirect_uri] = &self.client;
        let arguments = [&self.issuer, id, secret, redirect_uri, login];
        self.run("peer.mjs", &arguments).await
    }

    async fn run(&self, script: &str, arguments: &[&str]) -> Value {
        let ran = Command::new("node")
            .arg(self.folder.path().join(script))
            .args(arguments)
            .output()
            .await
            .unwrap_or_else(|error| panic!("starting node: {error}"));
        let told = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{script}: {told}");
        serde_json::from_slice(&ran.stdout)
            .unwrap_or_else(|error| panic!("{script} wrote no JSON ({error}): {told}"))
    }
}

/// Where `cargo xtask test` puts the packages.
fn packages() -> PathBuf {
    let packages = cache("openid-peers/node_modules");
    packages
        .filter(|packages| packages.join("oidc-provider").is_dir())
        .unwrap_or_else(|| {
            panic!("npm's oidc-provider is not installed: run `cargo xtask test`, which does that")
        })
}
