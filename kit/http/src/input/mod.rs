//! What a handler asks of a request. Each input reads itself and describes itself for `OpenAPI`.

mod body;
mod depth;
mod params;
mod text;

pub use body::{Body, Upload};
pub(crate) use depth::too_deep;
pub use params::{Path, Query};

use gantry_kernel::Problem;

use crate::openapi::Describe;
use crate::route::Call;

/// What kind of body an input reads, which decides the media types the pipeline lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// No body is read; one that is sent is ignored.
    None,
    /// JSON.
    Json,
    /// Bytes of any media type.
    Raw,
}

impl BodyKind {
    const fn or(self, other: Self) -> Self {
        match self {
            Self::None => other,
            _ => self,
        }
    }
}

/// The input of a handler: `()`, [`Path`], [`Query`], [`Body`], [`Upload`], or a tuple of up to three of them.
pub trait Input: sealed::Read + Send + 'static {
    /// The body it reads.
    const BODY: BodyKind;

    /// Adds its parameters or body to the description of the operation.
    fn describe(operation: &mut Describe<'_>);
}

pub(crate) mod sealed {
    use super::{Call, Problem};

    pub trait Read: Sized {
        fn read(call: &Call) -> Result<Self, Problem>;
    }
}

impl sealed::Read for () {
    fn read(_: &Call) -> Result<Self, Problem> {
        Ok(())
    }
}

impl Input for () {
    const BODY: BodyKind = BodyKind::None;

    fn describe(_: &mut Describe<'_>) {}
}

macro_rules! tuple_input {
    ($($name:ident),+) => {
        impl<$($name: Input),+> sealed::Read for ($($name,)+) {
            fn read(call: &Call) -> Result<Self, Problem> {
                Ok(($(<$name as sealed::Read>::read(call)?,)+))
            }
        }

        impl<$($name: Input),+> Input for ($($name,)+) {
            const BODY: BodyKind = BodyKind::None$(.or($name::BODY))+;

            fn describe(operation: &mut Describe<'_>) {
                $($name::describe(operation);)+
            }
        }
    };
}

tuple_input!(A);
tuple_input!(A, B);
tuple_input!(A, B, C);
