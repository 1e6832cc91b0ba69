//! Rows as both drivers give them, and the way into a module's types.

use std::cell::Cell;

use gantry_kernel::CivilDate;

use crate::{DbError, FromValue, ValueRef, postgres, sqlite};

/// One result row, borrowed from the driver while a [`FromRow`] reads it.
pub struct Row<'a> {
    inner: RowInner<'a>,
    /// The column after the one read last. Statements mostly return columns in the order in which they are read, so
    /// looking there first saves comparing the names of all of them, for each of them.
    next: Cell<usize>,
}

enum RowInner<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl<'a> Row<'a> {
    pub(crate) const fn sqlite(row: &'a rusqlite::Row<'a>) -> Self {
        Self::new(RowInner::Sqlite(row))
    }

    pub(crate) const fn postgres(row: &'a tokio_postgres::Row) -> Self {
        Self::new(RowInner::Postgres(row))
    }

    const fn new(inner: RowInner<'a>) -> Self {
        Self {
            inner,
            next: Cell::new(0),
        }
    }

    /// The column of this name.
    pub fn get<T: FromValue>(&self, column: &str) -> Result<T, DbError> {
        let next = self.next.get();
        let index = if self.name(next) == Some(column) {
            Some(next)
        } else {
            match &self.inner {
                RowInner::Sqlite(row) => row.as_ref().column_index(column).ok(),
                RowInner::Postgres(row) => row.columns().iter().position(|c| c.name() == column),
            }
        };
        let Some(index) = index else {
            return Err(DbError::decode(
                column,
                "the statement returns no such column",
            ));
        };
        self.next.set(index + 1);
        self.read(index)
            .map_err(|detail| DbError::decode(column, detail))
    }

    /// The column at this position, from 0.
    pub fn at<T: FromValue>(&self, index: usize) -> Result<T, DbError> {
        self.read(index)
            .map_err(|detail| DbError::decode(format!("#{index}"), detail))
    }

    fn name(&self, index: usize) -> Option<&str> {
        match &self.inner {
            RowInner::Sqlite(row) => row.as_ref().column_name(index).ok(),
            RowInner::Postgres(row) => row.columns().get(index).map(tokio_postgres::Column::name),
        }
    }

    fn read<T: FromValue>(&self, index: usize) -> Result<T, String> {
        let value = match &self.inner {
            RowInner::Sqlite(row) => sqlite::column(row, index)?,
            RowInner::Postgres(row) => postgres::column(row, index)?,
        };
        T::from_value(value).map_err(|mismatch| mismatch.to_string())
    }
}

/// A type read from a row: tuples by position, structs by column name through
/// [`from_row!`](crate::from_row).
pub trait FromRow: Sized {
    /// Reads the row.
    fn from_row(row: &Row<'_>) -> Result<Self, DbError>;
}

/// Implements [`FromRow`] by column name: `from_row!(Student { id, code, name });`
#[macro_export]
macro_rules! from_row {
    ($kind:ty { $($field:ident),+ $(,)? }) => {
        impl $crate::FromRow for $kind {
            fn from_row(row: &$crate::Row<'_>) -> ::std::result::Result<Self, $crate::DbError> {
                Ok(Self { $($field: row.get(::std::stringify!($field))?),+ })
            }
        }
    };
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+)),+ $(,)?) => {$(
        impl<$($name: FromValue),+> FromRow for ($($name,)+) {
            fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
                Ok(($(row.at::<$name>($index)?,)+))
            }
        }
    )+};
}
tuples!(
    (A 0),
    (A 0, B 1),
    (A 0, B 1, C 2),
    (A 0, B 1, C 2, D 3),
    (A 0, B 1, C 2, D 3, E 4),
    (A 0, B 1, C 2, D 3, E 4, F 5),
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6),
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7),
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8),
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9),
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10),
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11),
);

/// A single column read as itself: `tx.one::<i64>(..)` instead of `tx.one::<(i64,)>(..)`.
macro_rules! scalars {
    ($($kind:ty),+ $(,)?) => {$(
        impl FromRow for $kind {
            fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
                row.at(0)
            }
        }
    )+};
}
scalars!(
    i64,
    bool,
    String,
    Vec<u8>,
    gantry_kernel::Timestamp,
    CivilDate
);

pub(crate) type Column<'a> = Result<ValueRef<'a>, String>;
