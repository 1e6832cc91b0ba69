//! As much HTTP as a provider needs to answer, rightly or wrongly.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request.
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) authorization: Option<String>,
    pub(super) body: String,
}

/// An answer.
pub(super) struct Told {
    status: u16,
    headers: String,
    body: String,
    silent: bool,
}

impl Told {
    pub(super) fn json(value: &Value) -> Self {
        Self {
            status: 200,
            headers: "content-type: application/json\r\n".to_owned(),
            body: value.to_string(),
            silent: false,
        }
    }

    pub(super) fn status(status: u16) -> Self {
        Self::json(&Value::Null).with_status(status)
    }

    pub(super) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(super) fn redirect(to: &str) -> Self {
        let told = Self::status(302);
        let headers = format!("{}location: {to}\r\n", told.headers);
        Self { headers, ..told }
    }

    pub(super) fn huge() -> Self {
        Self::json(&Value::String("a".repeat(4 * 1024 * 1024)))
    }

    pub(super) fn page() -> Self {
        Self {
            headers: "content-type: text/html\r\n".to_owned(),
            ..Self::status(200)
        }
    }

    pub(super) fn silence() -> Self {
        Self {
            silent: true,
            ..Self::status(200)
        }
    }
}

/// Answers until nobody is there to answer.
pub(super) async fn serve(
    listener: TcpListener,
    answer: impl Fn(Asked) -> Option<Told> + Clone + Send + 'static,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let answer = answer.clone();
        tokio::spawn(async move {
            // Who goes away in the middle is part of what is tested.
            drop(one(stream, answer).await);
        });
    }
}

async fn one(mut stream: TcpStream, answer: impl Fn(Asked) -> Option<Told>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let mut part = [0_u8; 4096];
    let (head, mut body) = loop {
        let read = stream.read(&mut part).await?;
        if read == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&part[..read]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            break (String::from_utf8_lossy(&bytes).into_owned(), body);
        }
    };
    let header = |wanted: &str| {
        head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted)
                .then(|| value.trim().to_owned())
        })
    };
    let length = header("content-length").and_then(|text| text.parse().ok());
    while body.len() < length.unwrap_or(0) {
        let read = stream.read(&mut part).await?;
        if read == 0 {
            return Ok(());
        }
        body.extend_from_slice(&part[..read]);
    }
    let target = head.split(' ').nth(1).unwrap_or_default();
    let asked = Asked {
        path: target.split('?').next().unwrap_or_default().to_owned(),
        authorization: header("authorization"),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let Some(told) = answer(asked) else {
        return Ok(());
    };
    if told.silent {
        return std::future::pending().await;
    }
    let Told {
        status,
        headers,
        body,
        ..
    } = told;
    let length = body.len();
    let head = format!("HTTP/1.1 {status} Told\r\n{headers}content-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
