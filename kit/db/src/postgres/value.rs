//! Values in PostgreSQL's formats: binary, encoded as the type the server asks for, or as text of which the server
//! finds out the type.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use gantry_kernel::CivilDate;
use gantry_kernel::column::{Value, ValueRef};
use gantry_kernel::crypto::hex;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::row::Column;

/// Days from 1970-01-01 to 2000-01-01, PostgreSQL's day 0.
const EPOCH: i32 = 10_957;

/// A value on its way to the server.
#[derive(Debug)]
pub(crate) struct Param<'a>(pub(crate) &'a Value);

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self.0, ty) {
            (Value::Null, _) => return Ok(IsNull::Yes),
            (Value::Int(n), &Type::INT8) => out.extend_from_slice(&n.to_be_bytes()),
            (Value::Int(n), &Type::INT4) => {
                out.extend_from_slice(&i32::try_from(*n)?.to_be_bytes());
            }
            (Value::Int(n), &Type::INT2) => {
                out.extend_from_slice(&i16::try_from(*n)?.to_be_bytes());
            }
            (Value::Bool(b), &Type::BOOL) => out.extend_from_slice(&[u8::from(*b)]),
            (
                Value::Text(text),
                &(Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN),
            ) => out.extend_from_slice(text.as_bytes()),
            (Value::Bytes(bytes), &Type::BYTEA) => out.extend_from_slice(bytes),
            (Value::Date(date), &Type::DATE) => {
                out.extend_from_slice(&(date.days_since_epoch() - EPOCH).to_be_bytes());
            }
            (value, ty) => {
                return Err(format!("a {ty} is expected, a {} was given", kind(value)).into());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value on its way in one message with its statement, so that its type is not known yet. Given as
/// [`Type::UNKNOWN`] the server infers it as it does when a statement is prepared.
#[derive(Debug)]
pub(crate) struct Plain<'a>(pub(crate) &'a Value);

impl ToSql for Plain<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Int(n) => out.put_slice(n.to_string().as_bytes()),
            Value::Bool(b) => out.put_slice(if *b { b"t" } else { b"f" }),
            Value::Text(text) => out.put_slice(text.as_bytes()),
            Value::Bytes(bytes) => {
                out.put_slice(b"\\x");
                out.put_slice(hex(bytes).as_bytes());
            }
            Value::Date(date) => out.put_slice(date.to_string().as_bytes()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Int(_) => "integer",
        Value::Bool(_) => "boolean",
        Value::Text(_) => "text",
        Value::Bytes(_) => "bytes",
        Value::Date(_) => "date",
    }
}

/// A column in any of our kinds.
struct Cell<'a>(ValueRef<'a>);

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let value = match *ty {
            Type::INT8 => ValueRef::Int(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => ValueRef::Int(i64::from(i32::from_be_bytes(raw.try_into()?))),
            Type::INT2 => ValueRef::Int(i64::from(i16::from_be_bytes(raw.try_into()?))),
            Type::BOOL => ValueRef::Bool(raw == [1]),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
                ValueRef::Text(std::str::from_utf8(raw)?)
            }
            Type::BYTEA => ValueRef::Bytes(raw),
            Type::DATE => {
                let days = i32::from_be_bytes(raw.try_into()?);
                let date = days
                    .checked_add(EPOCH)
                    .and_then(CivilDate::from_days_since_epoch);
                ValueRef::Date(date.ok_or("a date outside the years 1 to 9999")?)
            }
            _ => return Err(format!("expected one of our kinds, found {ty}").into()),
        };
        Ok(Self(value))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(ValueRef::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A column of a row.
pub(crate) fn column(row: &tokio_postgres::Row, index: usize) -> Column<'_> {
    row.try_get::<_, Cell<'_>>(index)
        .map(|cell| cell.0)
        .map_err(|error| {
            error
                .source()
                .map_or_else(|| error.to_string(), ToString::to_string)
        })
}
