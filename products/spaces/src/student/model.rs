//! What a student is, and the values a student is made of.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use gantry_db::from_row;
use gantry_kernel::{CivilDate, Email, Text, Timestamp, UnitId, define_id, fold, text_value};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::import::ImportId;
use crate::phone::Phone;

define_id! {
    /// A student of one tenant.
    pub struct StudentId;
}

/// A person's name.
pub type Name = Text<1, 120>;

/// Most characters of a [`Name`].
pub const MAX_NAME: usize = 120;

/// Whether a name holds at least one letter; signs alone have an empty key and name nobody.
pub fn has_letters(name: &Name) -> bool {
    fold(name.as_str()).chars().any(char::is_alphabetic)
}

/// A student's code: 1 to 32 letters, digits and `. _ / -`, beginning with a letter or digit. Compared
/// without case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code(String);

text_value!(Code);

/// Why a text is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotACode {
    /// Empty.
    #[error("a code has at least one character")]
    Empty,
    /// Beyond 32 characters.
    #[error("a code has at most 32 characters")]
    TooLong,
    /// Other characters, or a sign in front.
    #[error("a code holds letters, digits and . _ / - and begins with a letter or digit")]
    Characters,
}

impl Code {
    /// The code as entered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key under which codes are unique.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for Code {
    type Err = NotACode;

    fn from_str(raw: &str) -> Result<Self, NotACode> {
        let text = raw.trim();
        let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '/' | '-');
        match text.chars().next() {
            None => Err(NotACode::Empty),
            _ if text.chars().nth(32).is_some() => Err(NotACode::TooLong),
            Some(first) if first.is_alphanumeric() && text.chars().all(allowed) => {
                Ok(Self(text.to_owned()))
            }
            Some(_) => Err(NotACode::Characters),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Free text of at most 1,000 characters that may have several lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notes(String);

text_value!(Notes);

/// Why a text cannot be notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotNotes {
    /// Nothing but white space.
    #[error("notes are left out rather than empty")]
    Empty,
    /// Beyond 1,000 characters.
    #[error("notes have at most 1000 characters")]
    TooLong,
    /// Control characters other than line ends and tabulators.
    #[error("notes must not contain control characters")]
    Control,
}

impl Notes {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Notes {
    type Err = NotNotes;

    fn from_str(raw: &str) -> Result<Self, NotNotes> {
        let text = raw.trim().replace("\r\n", "\n").replace('\r', "\n");
        if text.is_empty() {
            Err(NotNotes::Empty)
        } else if text.chars().nth(1_000).is_some() {
            Err(NotNotes::TooLong)
        } else if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')) {
            Err(NotNotes::Control)
        } else {
            Ok(Self(text))
        }
    }
}

impl fmt::Display for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! text_newtype {
    ($kind:ident, $name:literal, $schema:tt) => {
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(from)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        }
        impl JsonSchema for $kind {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}

text_newtype!(Code, "StudentCode", {
    "type": "string", "minLength": 1, "maxLength": 32, "examples": ["S-0042"]
});
text_newtype!(Notes, "Notes", { "type": "string", "minLength": 1, "maxLength": 1000 });

macro_rules! stored_words {
    ($(#[$meta:meta])* $kind:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        $(#[$meta])*
        pub enum $kind { $($(#[$doc])* $variant),+ }

        impl $kind {
            /// The stored and published word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl ::std::fmt::Display for $kind {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl ::std::str::FromStr for $kind {
            type Err = $crate::UnknownWord;
            fn from_str(text: &str) -> Result<Self, $crate::UnknownWord> {
                match text { $($word => Ok(Self::$variant),)+ _ => Err($crate::UnknownWord) }
            }
        }
        gantry_kernel::text_value!($kind);
    };
}
pub(crate) use stored_words;

stored_words! {
    /// Whether a student comes.
    Status {
        /// Comes.
        Active = "active",
        /// Stays away for a while and keeps the place in the books.
        Paused = "paused",
        /// Has gone.
        Left = "left",
    }
}

stored_words! {
    /// Gender as the student states it.
    Gender {
        /// Female.
        Female = "female",
        /// Male.
        Male = "male",
        /// Any other.
        Other = "other",
    }
}

/// Everything a person decides about a student.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudentFields {
    /// The branch the student belongs to.
    pub branch_id: UnitId,
    /// Unique in the tenant; made up when absent.
    pub code: Option<Code>,
    /// Full name.
    pub name: Name,
    /// Own phone, or one shared with a sibling.
    pub phone: Phone,
    /// E-mail address.
    pub email: Option<Email>,
    /// Parent or guardian.
    pub guardian_name: Option<Name>,
    /// Their phone.
    pub guardian_phone: Option<Phone>,
    /// Day of birth.
    pub date_of_birth: Option<CivilDate>,
    /// Gender.
    pub gender: Option<Gender>,
    /// First day; today in the branch's time zone when absent.
    pub joined_on: Option<CivilDate>,
    /// Whether they come.
    pub status: Status,
    /// Free text.
    pub notes: Option<Notes>,
}

/// A stored student.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Student {
    /// Identifier.
    pub id: StudentId,
    /// The branch the student belongs to.
    pub branch_id: UnitId,
    /// Unique in the tenant, without regard to case.
    pub code: Code,
    /// Full name.
    pub name: Name,
    /// Phone in E.164; siblings may share one.
    pub phone: Phone,
    /// E-mail address.
    pub email: Option<Email>,
    /// Parent or guardian.
    pub guardian_name: Option<Name>,
    /// Their phone in E.164.
    pub guardian_phone: Option<Phone>,
    /// Day of birth.
    pub date_of_birth: Option<CivilDate>,
    /// Gender.
    pub gender: Option<Gender>,
    /// First day.
    pub joined_on: CivilDate,
    /// Whether they come.
    pub status: Status,
    /// Free text.
    pub notes: Option<Notes>,
    /// The import that brought the student in.
    pub import_id: Option<ImportId>,
    /// Counts changes; the `ETag` of the single student.
    pub version: i64,
    /// When it was entered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

from_row!(Student {
    id,
    branch_id,
    code,
    name,
    phone,
    email,
    guardian_name,
    guardian_phone,
    date_of_birth,
    gender,
    joined_on,
    status,
    notes,
    import_id,
    version,
    created_at,
    updated_at,
});

impl From<Student> for StudentFields {
    fn from(student: Student) -> Self {
        Self {
            branch_id: student.branch_id,
            code: Some(student.code),
            name: student.name,
            phone: student.phone,
            email: student.email,
            guardian_name: student.guardian_name,
            guardian_phone: student.guardian_phone,
            date_of_birth: student.date_of_birth,
            gender: student.gender,
            joined_on: Some(student.joined_on),
            status: student.status,
            notes: student.notes,
        }
    }
}
