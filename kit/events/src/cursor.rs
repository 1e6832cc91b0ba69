//! A place in a tenant's stream, as readers are given it and bring it back in `Last-Event-ID`.

use std::fmt;
use std::str::FromStr;

use gantry_kernel::TenantId;

/// How many digits of the tenant's id are in a cursor.
const DIGITS: usize = 12;

/// After which event of the tenant's own, and after which of control's. It belongs to one life of one tenant: a restored
/// database counts from where its copy was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    whose: String,
    incarnation: i64,
    /// The last event of the tenant's own.
    pub tenant: i64,
    /// The last event of control's.
    pub control: i64,
}

/// A text that no cursor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotACursor;

impl Cursor {
    /// The place after these events.
    #[must_use]
    pub fn new(id: TenantId, incarnation: i64, tenant: i64, control: i64) -> Self {
        let mut whose = id.uuid().simple().to_string();
        Self {
            whose: whose.split_off(whose.len() - DIGITS),
            incarnation,
            tenant,
            control,
        }
    }

    /// Whether both are places in the same life of the same tenant.
    #[must_use]
    pub fn same_stream(&self, other: &Self) -> bool {
        self.whose == other.whose && self.incarnation == other.incarnation
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            whose,
            incarnation,
            tenant,
            control,
        } = self;
        write!(f, "{whose}.{incarnation}.{tenant}.{control}")
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let mut parts = text.split('.');
        let mut part = || parts.next().ok_or(NotACursor);
        let (whose, incarnation, tenant, control) = (part()?, part()?, part()?, part()?);
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if parts.next().is_some() || whose.len() != DIGITS || !whose.bytes().all(hex) {
            return Err(NotACursor);
        }
        Ok(Self {
            whose: whose.to_owned(),
            incarnation: number(incarnation)?,
            tenant: number(tenant)?,
            control: number(control)?,
        })
    }
}

/// One spelling for each number.
fn number(text: &str) -> Result<i64, NotACursor> {
    let number: i64 = text.parse().map_err(|_| NotACursor)?;
    if number >= 0 && number.to_string() == text {
        Ok(number)
    } else {
        Err(NotACursor)
    }
}
