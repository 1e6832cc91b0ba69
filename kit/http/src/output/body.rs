//! Response bodies: bytes that are all there, handed over piece by piece.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
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
    rest: Bytes,
    watch: Option<Box<dyn Watch>>,
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
            rest: bytes,
            watch: None,
        }
    }
}

impl std::fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ResponseBody({} bytes)", self.rest.len())
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(watch) = &self.watch {
            watch.moved();
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
