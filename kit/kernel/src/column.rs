//! What a database column can hold, and how Rust types become and leave it.
//!
//! The traits live here, below kit/db, so that [`define_id!`](crate::define_id) and the other
//! validated types can implement them; kit/db re-exports them and is the only user.
//!
//! Six kinds are all that both engines share without surprises. A `bool` is a boolean on
//! PostgreSQL and 0 or 1 on SQLite; a civil date is a `DATE` there and ISO text here; an instant is
//! microseconds since 1970 in both. A module's own text-like type joins with [`text_value!`](crate::text_value).

use crate::{CivilDate, Email, Slug, Text, Timestamp};

/// A parameter of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL NULL of whatever type the statement expects.
    Null,
    /// A 64-bit integer; also an instant, in microseconds UTC.
    Int(i64),
    /// A boolean.
    Bool(bool),
    /// Text; also ids and JSON. It holds no NUL character (PostgreSQL cannot store one).
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A civil date without a time zone.
    Date(CivilDate),
}

/// One column of a row, borrowed from the driver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// SQL NULL.
    Null,
    /// An integer of any width; on SQLite also a boolean.
    Int(i64),
    /// A boolean (PostgreSQL only).
    Bool(bool),
    /// Text; on SQLite also a date.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A civil date (PostgreSQL only).
    Date(CivilDate),
}

impl ValueRef<'_> {
    /// The kind's name, for error messages; never the content.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Int(_) => "integer",
            Self::Bool(_) => "boolean",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Date(_) => "date",
        }
    }
}

/// A column's content does not fit the wanted type. Says what was expected, never the content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct Mismatch {
    /// What the Rust type wanted.
    pub expected: &'static str,
    /// What the column holds.
    pub found: &'static str,
}

impl Mismatch {
    /// The mismatch of a wanted kind and what was found.
    #[must_use]
    pub const fn new(expected: &'static str, found: &ValueRef<'_>) -> Self {
        Self {
            expected,
            found: found.kind(),
        }
    }
}

/// A type that can be a statement's parameter.
pub trait ToValue {
    /// The value to bind.
    fn to_value(&self) -> Value;
}

/// A type that can be read from a column.
pub trait FromValue: Sized {
    /// Reads the column, or says why it does not fit.
    fn from_value(value: ValueRef<'_>) -> Result<Self, Mismatch>;
}

/// Lets a type that is `Display` and `FromStr` be stored as text: `text_value!(StudentStatus);`
#[macro_export]
macro_rules! text_value {
    ($($kind:ty),+ $(,)?) => {$(
        impl $crate::column::ToValue for $kind {
            fn to_value(&self) -> $crate::column::Value {
                $crate::column::Value::Text(::std::string::ToString::to_string(self))
            }
        }
        impl $crate::column::FromValue for $kind {
            fn from_value(
                value: $crate::column::ValueRef<'_>,
            ) -> ::std::result::Result<Self, $crate::column::Mismatch> {
                const EXPECTED: &str = ::std::stringify!($kind);
                match value {
                    $crate::column::ValueRef::Text(text) => {
                        <$kind as ::std::str::FromStr>::from_str(text).map_err(|_| {
                            $crate::column::Mismatch { expected: EXPECTED, found: "other text" }
                        })
                    }
                    other => Err($crate::column::Mismatch::new(EXPECTED, &other)),
                }
            }
        }
    )+};
}

impl ToValue for Value {
    fn to_value(&self) -> Value {
        self.clone()
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value {
        (**self).to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, ToValue::to_value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: ValueRef<'_>) -> Result<Self, Mismatch> {
        match value {
            ValueRef::Null => Ok(None),
            other => T::from_value(other).map(Some),
        }
    }
}

macro_rules! integers {
    ($($kind:ty),+) => {$(
        impl ToValue for $kind {
            fn to_value(&self) -> Value {
                Value::Int(i64::from(*self))
            }
        }
        impl FromValue for $kind {
            fn from_value(value: ValueRef<'_>) -> Result<Self, Mismatch> {
                match value {
                    ValueRef::Int(n) => Self::try_from(n).map_err(|_| Mismatch {
                        expected: stringify!($kind),
                        found: "an integer out of range",
                    }),
                    other => Err(Mismatch::new(stringify!($kind), &other)),
                }
            }
        }
    )+};
}
integers!(i64, i32, i16, u32, u16, u8);

impl ToValue for bool {
    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }
}

impl FromValue for bool {
    fn from_value(value: ValueRef<'_>) -> Result<Self, Mismatch> {
        match value {
            ValueRef::Bool(b) => Ok(b),
            ValueRef::Int(0) => Ok(false),
            ValueRef::Int(1) => Ok(true),
            other => Err(Mismatch::new("boolean", &other)),
        }
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl ToValue for String {
    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl FromValue for String {
    fn from_value(value: ValueRef<'_>) -> Result<Self, Mismatch> {
        match value {
            ValueRef::Text(text) => Ok(text.to_owned()),
            other => Err(Mismatch::new("text", &other)),
        }
    }
}

impl ToValue for [u8] {
    fn to_value(&self) -> Value {
        Value::Bytes(self.to_vec())
    }
}

impl<const N: usize> ToValue for [u8; N] {
    fn to_value(&self) -> Value {
        Value::Bytes(self.to_vec())
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: ValueRef<'_>) -> Result<Self, Mismatch> {
        match value {
            ValueRef::Bytes(bytes) => Self::try_from(bytes).map_err(|_| Mismatch {
                expected: "bytes",
                found: "bytes of another length",
            }),
            other => Err(Mismatch::new("bytes", &other)),
        }
    }
}

impl ToValue for Vec<u8> {
    fn to_value(&self) -> Value {
        Value::Bytes(self.clone())
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: ValueRef<'_>) -> Result<Self, Mismatch> {
        match value {
            ValueRef::Bytes(bytes) => Ok(bytes.to_vec()),
            other => Err(Mismatch::new("bytes", &other)),
        }
    }
}

impl ToValue for Timestamp {
    fn to_value(&self) -> Value {
        Value::Int(self.as_micros())
    }
}

impl FromValue for Timestamp {
    fn from_value(value: ValueRef<'_>) -> Result<Self, Mismatch> {
        match value {
            ValueRef::Int(micros) => Ok(Self::from_micros(micros)),
            other => Err(Mismatch::new("instant", &other)),
        }
    }
}

impl ToValue for CivilDate {
    fn to_value(&self) -> Value {
        Value::Date(*self)
    }
}

impl FromValue for CivilDate {
    fn from_value(value: ValueRef<'_>) -> Result<Self, Mismatch> {
        match value {
            ValueRef::Date(date) => Ok(date),
            ValueRef::Text(text) => text.parse().map_err(|_| Mismatch {
                expected: "date",
                found: "text that is not a date",
            }),
            other => Err(Mismatch::new("date", &other)),
        }
    }
}

text_value!(Email, Slug);

impl<const MIN: usize, const MAX: usize> ToValue for Text<MIN, MAX> {
    fn to_value(&self) -> Value {
        Value::Text(self.to_string())
    }
}

impl<const MIN: usize, const MAX: usize> FromValue for Text<MIN, MAX> {
    fn from_value(value: ValueRef<'_>) -> Result<Self, Mismatch> {
        match value {
            ValueRef::Text(text) => Self::new(text).map_err(|_| Mismatch {
                expected: "valid text",
                found: "other text",
            }),
            other => Err(Mismatch::new("text", &other)),
        }
    }
}

impl ToValue for serde_json::Value {
    fn to_value(&self) -> Value {
        Value::Text(self.to_string())
    }
}

impl FromValue for serde_json::Value {
    fn from_value(value: ValueRef<'_>) -> Result<Self, Mismatch> {
        match value {
            ValueRef::Text(text) => serde_json::from_str(text).map_err(|_| Mismatch {
                expected: "json",
                found: "text that is not json",
            }),
            other => Err(Mismatch::new("json", &other)),
        }
    }
}
