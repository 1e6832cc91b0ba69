//! Rate limiting: classes that routes declare, and one bounded store that any module can ask.

mod class;
mod gcra;
mod header;
mod quota;

pub use class::Class;
pub use gcra::{Decision, Limiter, Subject, subscriber};
pub(crate) use header::{policy_value, rate_limit_value, whole_seconds};
pub use quota::{NotAQuota, Quota};
