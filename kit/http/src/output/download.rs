//! Answers that are not JSON: files, and documents with their own headers.

use bytes::Bytes;
use gantry_kernel::Problem;
use http::{HeaderName, HeaderValue, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Reply, Response, ResponseBody};
use crate::openapi::Describe;

/// Characters that may stand as they are in an RFC 8187 value.
const ATTRIBUTE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A file to save. Browsers do not render it, as it is an attachment, unless it is made [`Download::inline`].
#[derive(Debug)]
pub struct Download {
    name: String,
    content_type: &'static str,
    bytes: Bytes,
    inline: bool,
}

impl Download {
    /// A file whose bytes are all there.
    pub fn new(
        name: impl Into<String>,
        content_type: &'static str,
        bytes: impl Into<Bytes>,
    ) -> Self {
        Self {
            name: name.into(),
            content_type,
            bytes: bytes.into(),
            inline: false,
        }
    }

    /// Lets browsers show it in its place: for what this program made itself, never for what somebody brought.
    #[must_use]
    pub fn inline(mut self) -> Self {
        self.inline = true;
        self
    }

    /// RFC 6266: an ASCII name for old clients, the exact one in RFC 8187 form.
    fn disposition(&self) -> String {
        let plain: String = self
            .name
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ' ') {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        let exact = utf8_percent_encode(&self.name, ATTRIBUTE);
        let how = if self.inline { "inline" } else { "attachment" };
        format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{exact}")
    }
}

impl Reply for Download {
    fn respond(self) -> Result<Response, Problem> {
        let disposition = HeaderValue::try_from(self.disposition()).map_err(Problem::internal)?;
        let mut response = Response::new(ResponseBody::full(self.bytes));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_DISPOSITION, disposition);
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.content_type),
        );
        Ok(response)
    }

    fn describe(operation: &mut Describe<'_>) {
        operation.binary_response(StatusCode::OK, "application/octet-stream");
    }
}

/// A document in any media type, for pages and well-known files.
#[derive(Debug)]
pub struct Raw {
    status: StatusCode,
    content_type: &'static str,
    bytes: Bytes,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Raw {
    /// 200 with these bytes.
    pub fn new(content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            content_type,
            bytes: bytes.into(),
            headers: Vec::new(),
        }
    }

    /// Another status.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Another header field; replaces the standard one of the same name, for example a page's own
    /// `Content-Security-Policy`.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl Reply for Raw {
    fn respond(self) -> Result<Response, Problem> {
        let kind = HeaderValue::from_static(self.content_type);
        let mut response = super::bytes_response(self.status, kind, self.bytes);
        response.headers_mut().extend(self.headers);
        Ok(response)
    }

    fn describe(operation: &mut Describe<'_>) {
        operation.binary_response(StatusCode::OK, "*/*");
    }
}
