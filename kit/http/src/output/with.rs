//! Any answer plus cookies and headers.

use gantry_kernel::Problem;
use http::{HeaderName, HeaderValue, header};

use super::{Cookie, Reply, Response};
use crate::openapi::Describe;

/// An answer with further header fields.
#[derive(Debug)]
pub struct With<R> {
    reply: R,
    cookies: Vec<Cookie>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Adds cookies and headers to any answer.
pub trait ReplyExt: Reply {
    /// Sets or removes a cookie.
    fn with_cookie(self, cookie: Cookie) -> With<Self> {
        With {
            reply: self,
            cookies: vec![cookie],
            headers: Vec::new(),
        }
    }

    /// Sets a header field.
    fn with_header(self, name: HeaderName, value: HeaderValue) -> With<Self> {
        With {
            reply: self,
            cookies: Vec::new(),
            headers: vec![(name, value)],
        }
    }
}

impl<R: Reply> ReplyExt for R {}

/// For handlers that add something in some cases only.
impl<R: Reply> From<R> for With<R> {
    fn from(reply: R) -> Self {
        Self {
            reply,
            cookies: Vec::new(),
            headers: Vec::new(),
        }
    }
}

impl<R> With<R> {
    /// Sets or removes another cookie.
    #[must_use]
    pub fn and_cookie(mut self, cookie: Cookie) -> Self {
        self.cookies.push(cookie);
        self
    }
}

impl<R: Reply> Reply for With<R> {
    fn respond(self) -> Result<Response, Problem> {
        let mut response = self.reply.respond()?;
        for cookie in &self.cookies {
            response
                .headers_mut()
                .append(header::SET_COOKIE, cookie.header()?);
        }
        response.headers_mut().extend(self.headers);
        Ok(response)
    }

    fn describe(operation: &mut Describe<'_>) {
        R::describe(operation);
    }
}
