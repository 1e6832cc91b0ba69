//! Lists of students: filtered, searched, sorted and paged, always within the scope.

use gantry_db::{DbError, Sql, Tx, Value, args, sql};
use gantry_kernel::{CivilDate, Scope, Timestamp, UnitId, fold};
use serde::{Deserialize, Serialize};

use super::model::{MAX_NAME, Status, Student, StudentId};

/// How a list of students is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By folded name.
    Name,
    /// By folded name, backwards.
    NameDown,
    /// By folded code.
    Code,
    /// By folded code, backwards.
    CodeDown,
    /// Oldest entry first.
    Created,
    /// Newest entry first.
    CreatedDown,
}

impl Order {
    /// The order that `order_by` names; by name when it is absent.
    pub fn parse(text: Option<&str>) -> Option<Self> {
        match text.unwrap_or("name") {
            "name" => Some(Self::Name),
            "-name" => Some(Self::NameDown),
            "code" => Some(Self::Code),
            "-code" => Some(Self::CodeDown),
            "created_at" => Some(Self::Created),
            "-created_at" => Some(Self::CreatedDown),
            _ => None,
        }
    }

    fn sql(self) -> Sql {
        macro_rules! page {
            ($key:literal, $beyond:literal, $direction:literal) => {
                sql!(concat!(
                    "select id, branch_id, code, name, phone, email, guardian_name, guardian_phone,
                            date_of_birth, gender, joined_on, status, notes, import_id, version,
                            created_at, updated_at
                     from students
                     where ($1 = '*' or $1 like '%' || branch_id || '%')
                       and (cast($2 as text) is null or branch_id = $2)
                       and (cast($3 as text) is null or status = $3)
                       and joined_on >= $4 and joined_on <= $5
                       and search_key like $6 and search_key like $7
                       and search_key like $8 and search_key like $9
                       and (", $key, ", id) ", $beyond, " ($10, $11)
                     order by ", $key, " ", $direction, ", id ", $direction, "
                     limit $12"
                ))
            };
        }
        match self {
            Self::Name => page!("name_folded", ">", "asc"),
            Self::NameDown => page!("name_folded", "<", "desc"),
            Self::Code => page!("code_folded", ">", "asc"),
            Self::CodeDown => page!("code_folded", "<", "desc"),
            Self::Created => page!("created_at", ">", "asc"),
            Self::CreatedDown => page!("created_at", "<", "desc"),
        }
    }

    /// A place before all students in this order. With one always there, the engines go to it in the index instead of
    /// looking at everybody before it.
    fn beginning(self) -> (Value, String) {
        // The last character there is, more often than a name or code is long; ids have no letter beyond f.
        let last = || Value::Text(char::MAX.to_string().repeat(MAX_NAME + 1));
        match self {
            Self::Name | Self::Code => (Value::Text(String::new()), String::new()),
            Self::NameDown | Self::CodeDown => (last(), "g".to_owned()),
            Self::Created => (Value::Int(i64::MIN), String::new()),
            Self::CreatedDown => (Value::Int(i64::MAX), "g".to_owned()),
        }
    }

    /// Whether the place can be one of this order; a token that somebody made up may hold another's.
    pub const fn has(self, place: &Cursor) -> bool {
        match self {
            Self::Created | Self::CreatedDown => matches!(place.key, Key::At(_)),
            Self::Name | Self::NameDown | Self::Code | Self::CodeDown => {
                matches!(place.key, Key::Text(_))
            }
        }
    }

    /// The place after a student in this order.
    pub fn cursor(self, student: &Student) -> Cursor {
        let key = match self {
            Self::Name | Self::NameDown => Key::Text(fold(student.name.as_str())),
            Self::Code | Self::CodeDown => Key::Text(student.code.key()),
            Self::Created | Self::CreatedDown => Key::At(student.created_at),
        };
        Cursor {
            key,
            id: student.id,
        }
    }
}

/// A place in a sorted list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    #[serde(rename = "k")]
    key: Key,
    #[serde(rename = "i")]
    id: StudentId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Key {
    At(Timestamp),
    Text(String),
}

/// Which students a list holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Filter {
    /// Words that must all be found in name, code or phone.
    pub q: Option<String>,
    /// One branch.
    pub branch: Option<UnitId>,
    /// One status.
    pub status: Option<Status>,
    /// Joined on this day or later.
    pub joined_from: Option<CivilDate>,
    /// Joined on this day or earlier.
    pub joined_to: Option<CivilDate>,
}

/// Most words of a search that count.
const MAX_WORDS: usize = 4;

/// Patterns for LIKE, one per word; a missing word matches everything. Keys hold no punctuation, so there
/// is nothing to escape.
fn patterns(q: Option<&str>) -> [String; MAX_WORDS] {
    let key = fold(q.unwrap_or_default());
    let mut words = key.split_whitespace();
    std::array::from_fn(|_| {
        words
            .next()
            .map_or_else(|| "%".to_owned(), |word| format!("%{word}%"))
    })
}

/// Bounds that every date is within, for lists without bounds of their own.
fn bounds(filter: &Filter) -> [Option<CivilDate>; 2] {
    [
        filter.joined_from.or_else(|| CivilDate::new(1, 1, 1)),
        filter.joined_to.or_else(|| CivilDate::new(9999, 12, 31)),
    ]
}

/// The students within the scope that pass the filter, from after `after`.
pub async fn page(
    tx: &mut Tx,
    scope: &Scope,
    filter: &Filter,
    order: Order,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<Student>, DbError> {
    let [first, second, third, fourth] = patterns(filter.q.as_deref());
    let [joined_from, joined_to] = bounds(filter);
    let (key, id) = after.map_or_else(
        || order.beginning(),
        |cursor| {
            let key = match &cursor.key {
                Key::Text(text) => Value::Text(text.clone()),
                Key::At(at) => Value::Int(at.as_micros()),
            };
            (key, cursor.id.to_string())
        },
    );
    tx.all(
        order.sql(),
        &args![
            scope.unit_filter(),
            filter.branch,
            filter.status,
            joined_from,
            joined_to,
            first,
            second,
            third,
            fourth,
            key,
            id,
            limit,
        ],
    )
    .await
}
