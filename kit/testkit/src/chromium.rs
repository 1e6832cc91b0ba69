//! A real browser, driven over the DevTools protocol through a pair of pipes: no port, no driver program, nothing that
//! a test has to install besides the browser.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// Names the browser; else it is looked for in `PATH`.
const VARIABLE: &str = "GANTRY_TEST_CHROMIUM";
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
/// A cold start on a busy machine takes seconds.
const PATIENCE: Duration = Duration::from_mins(1);
/// The browser reads commands from descriptor 3 and writes to 4; we have 0 and 1 of it.
const PIPES: &str = "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >&2";

/// A browser with one page and a profile of its own; both end with the test.
#[derive(Debug)]
pub struct Chromium {
    process: Child,
    commands: ChildStdin,
    messages: BufReader<ChildStdout>,
    events: VecDeque<Value>,
    last: u64,
    page: Option<String>,
    profile: TempDir,
}

impl Chromium {
    /// Starts it with an empty page.
    pub async fn start() -> Self {
        let profile = tempfile::tempdir().expect("a folder for the browser's profile");
        let log = std::fs::File::create(profile.path().join("log")).expect("a log");
        let mut command = Command::new("sh");
        command.args(["-c", PIPES]).arg(program());
        command.args([
            "--headless",
            "--remote-debugging-pipe",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-sync",
            "--no-default-browser-check",
            "--no-first-run",
            "--no-proxy-server",
        ]);
        if rustix::process::geteuid().is_root() {
            // It refuses to make its sandbox as root; the pages are our own.
            command.arg("--no-sandbox");
        }
        let folder = profile.path().join("profile");
        command.arg(format!("--user-data-dir={}", folder.display()));
        command
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true);
        let mut process = command.spawn().expect("a shell");
        let commands = process.stdin.take().expect("a pipe to the browser");
        let messages = process.stdout.take().expect("a pipe from the browser");
        let mut browser = Self {
            process,
            commands,
            messages: BufReader::new(messages),
            events: VecDeque::new(),
            last: 0,
            page: None,
            profile,
        };
        let page = json!({ "url": "about:blank" });
        let made = browser.call("Target.createTarget", page).await;
        let attach = json!({ "targetId": made["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach).await;
        browser.page = attached["sessionId"].as_str().map(str::to_owned);
        browser.call("Page.enable", json!({})).await;
        // Browsers use keys in a page that has the focus only.
        let focused = json!({ "enabled": true });
        browser
            .call("Emulation.setFocusEmulationEnabled", focused)
            .await;
        browser
    }

    /// Opens an empty page of `origin`. The page does not come from the server; all that its scripts ask for does.
    pub async fn open_blank(&mut self, origin: &str) {
        let url = format!("{origin}/");
        let patterns = json!({ "patterns": [{ "urlPattern": url }] });
        self.call("Fetch.enable", patterns).await;
        let opening = self.send("Page.navigate", &json!({ "url": url })).await;
        let asked = self.event("Fetch.requestPaused").await;
        let html = json!({
            "requestId": asked["requestId"],
            "responseCode": 200,
            "responseHeaders": [{ "name": "content-type", "value": "text/html" }],
            // "<!doctype html>"
            "body": "PCFkb2N0eXBlIGh0bWw+",
        });
        self.call("Fetch.fulfillRequest", html).await;
        self.answer(opening, "Page.navigate").await;
        self.event("Page.loadEventFired").await;
        self.call("Fetch.disable", json!({})).await;
    }

    /// The value that the body of an async function comes to, in the page.
    pub async fn run(&mut self, body: &str) -> Value {
        let script = json!({
            "expression": format!("(async () => {{ {body} }})()"),
            "awaitPromise": true,
            "returnByValue": true,
            "userGesture": true,
        });
        let done = self.call("Runtime.evaluate", script).await;
        let thrown = &done["exceptionDetails"];
        assert!(thrown.is_null(), "the page threw: {thrown:#}\nin: {body}");
        done["result"]["value"].clone()
    }

    /// Calls a method of the protocol and waits for its result.
    pub async fn call(&mut self, method: &str, parameters: Value) -> Value {
        let id = self.send(method, &parameters).await;
        self.answer(id, method).await
    }

    async fn send(&mut self, method: &str, parameters: &Value) -> u64 {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": parameters });
        if let Some(page) = &self.page {
            message["sessionId"] = json!(page);
        }
        let text = format!("{message}\0");
        if let Err(error) = self.commands.write_all(text.as_bytes()).await {
            panic!("{method}: {error}\n{}", self.log());
        }
        self.last
    }

    async fn answer(&mut self, id: u64, method: &str) -> Value {
        loop {
            let mut message = self.message(method).await;
            if message["id"] == id {
                let error = &message["error"];
                assert!(error.is_null(), "{method}: {error}");
                return message["result"].take();
            }
            self.events.push_back(message);
        }
    }

    async fn event(&mut self, method: &str) -> Value {
        loop {
            let kept = self
                .events
                .iter()
                .position(|event| event["method"] == method);
            if let Some(mut event) = kept.and_then(|at| self.events.remove(at)) {
                return event["params"].take();
            }
            let message = self.message(method).await;
            self.events.push_back(message);
        }
    }

    async fn message(&mut self, what: &str) -> Value {
        let mut bytes = Vec::new();
        match timeout(PATIENCE, self.messages.read_until(0, &mut bytes)).await {
            Ok(Ok(read)) if read > 0 => {}
            other => panic!("waiting for {what}: {other:?}\n{}", self.log()),
        }
        bytes.pop();
        serde_json::from_slice(&bytes).expect("the browser speaks JSON")
    }

    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.profile.path().join("log")).unwrap_or_default();
        format!("--- what the browser wrote:\n{log}\n---")
    }

    /// Ends it in order, and waits until it is gone; a test that fails before kills it.
    pub async fn close(mut self) {
        self.page = None;
        self.send("Browser.close", &json!({})).await;
        let ended = timeout(PATIENCE, self.process.wait()).await;
        assert!(
            matches!(ended, Ok(Ok(_))),
            "the browser's end: {ended:?}\n{}",
            self.log()
        );
    }
}

/// The browser: named, or found. There is no run without one, so that nothing is skipped unseen.
fn program() -> PathBuf {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        let named = PathBuf::from(named);
        assert!(
            named.is_file(),
            "{VARIABLE} names {}, which is no program",
            named.display()
        );
        return named;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = NAMES
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)));
    found.into_iter().find(|file| file.is_file()).unwrap_or_else(|| {
        panic!("no Chromium: install it (Debian: apt-get install chromium), or name one in {VARIABLE}")
    })
}
