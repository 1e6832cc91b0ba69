//! The context of a route whose answer goes on.

use std::ops::Deref;
use std::sync::PoisonError;

use gantry_kernel::Problem;

use super::{TenantCx, sealed, wrong_caller};
use crate::authority::Principal;
use crate::route::Call;
use crate::stream::{Seen, StreamGuard};

/// A member of a tenant who is to be told what happens. It derefs to [`TenantCx`].
#[derive(Debug)]
pub struct StreamCx {
    cx: TenantCx,
    guard: StreamGuard,
}

impl StreamCx {
    /// The caller.
    pub fn principal(&self) -> &Principal {
        &self.cx.principal
    }

    /// What keeps the stream as good as a read made now, for [`crate::EventStream::new`].
    #[must_use]
    pub fn into_guard(self) -> StreamGuard {
        self.guard
    }
}

impl Deref for StreamCx {
    type Target = TenantCx;

    fn deref(&self) -> &TenantCx {
        &self.cx
    }
}

impl sealed::Build for StreamCx {
    fn build(call: &Call) -> Result<Self, Problem> {
        let cx = TenantCx::build(call)?;
        let kept = call
            .stream
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let (watched, slot) = kept.ok_or_else(wrong_caller)?;
        let seen = Seen {
            principal: cx.principal.clone(),
            access: cx.access.clone(),
        };
        Ok(Self {
            guard: StreamGuard::new(watched, seen, slot),
            cx,
        })
    }
}
