//! How arguments are written; the kinds of values themselves are the kernel's.

pub use gantry_kernel::column::{FromValue, Mismatch, ToValue, Value, ValueRef};

/// The arguments of a statement, in the order of `$1, $2, ..`: `&args![id, name, None::<i64>]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => {
        [$($crate::ToValue::to_value(&$value)),*]
    };
}
