//! Response bodies: bytes that are all there, handed over piece by piece, or pieces that come as they are made.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use hyper::body::{Body, Frame, SizeHint};

/// The most that is handed over at once. A piece is asked for only when the client has made room for it, so the asking
/// shows whether it still takes the reply.
const PIECE: usize = 16 * 1024;

/// Whoever wants to know how a reply gets on. Dropped with its last byte, or with the client.
pub(crate) trait Watch: Send {
    /// The next piece was asked for.
    fn moved(&self);
}

/// The body of a response.
pub struct ResponseBody {
    content: Content,
    watch: Option<Box<dyn Watch>>,
}

enum Content {
    There(Bytes),
    /// A piece is made when the client has room for it, so nothing gathers here.
    Coming(BoxStream<'static, Bytes>),
}

impl ResponseBody {
    /// Keeps `watch` until the last byte was handed over or the client has gone.
    pub(crate) fn hold(&mut self, watch: impl Watch + 'static) {
        self.watch = Some(Box::new(watch));
    }

    /// No bytes.
    pub fn empty() -> Self {
        Self::full(Bytes::new())
    }

    /// These bytes.
    pub fn full(bytes: Bytes) -> Self {
        Self {
            content: Content::There(bytes),
            watch: None,
        }
    }

    /// Pieces as they come.
    pub(crate) fn coming(pieces: BoxStream<'static, Bytes>) -> Self {
        Self {
            content: Content::Coming(pieces),
            watch: None,
        }
    }
}

impl std::fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.content {
            Content::There(rest) => write!(f, "ResponseBody({} bytes)", rest.len()),
            Content::Coming(_) => f.write_str("ResponseBody(stream)"),
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(watch) = &self.watch {
            watch.moved();
        }
        match &mut self.content {
            Content::There(rest) if rest.is_empty() => Poll::Ready(None),
            Content::There(rest) => {
                let length = rest.len().min(PIECE);
                Poll::Ready(Some(Ok(Frame::data(rest.split_to(length)))))
            }
            Content::Coming(pieces) => pieces
                .as_mut()
                .poll_next(cx)
                .map(|piece| piece.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.content, Content::There(rest) if rest.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::There(rest) => SizeHint::with_exact(rest.len() as u64),
            Content::Coming(_) => SizeHint::default(),
        }
    }
}
