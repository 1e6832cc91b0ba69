//! One cell into one value, or the reason and the fix. Used by field, in `row`.

use std::str::FromStr;

use gantry_kernel::{CivilDate, Email, fold};

use super::date;
use super::fault::Refusal;
use super::field::Field;
use crate::phone::{NotAPhone, Phone};
use crate::student::{
    Code, Gender, MAX_NAME, Name, NotACode, NotNotes, Notes, Status, has_letters,
};

/// Longest cell that is looked at, in bytes.
const MAX_CELL: usize = 10_000;
/// Age in years beyond which a day of birth is a mistake.
const MAX_AGE: i16 = 120;

/// What no cell may be, whatever it means.
pub(super) fn unusable(field: Field, cell: &str) -> Option<Refusal> {
    const ERRORS: [&str; 9] = [
        "#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#ERROR!",
    ];
    if cell.len() > MAX_CELL {
        return Some(Refusal::new(
            "cell_too_long",
            format!("the cell has {} characters", cell.chars().count()),
            "shorten it, or look for a quote that is not closed",
        ));
    }
    if cell.contains('\u{FFFD}') {
        return Some(Refusal::new(
            "character_unreadable",
            "the cell has characters that were lost when the file was made",
            "enter the value again and save the sheet as \"CSV UTF-8\"",
        ));
    }
    if cell.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Some(Refusal::new(
            "control_character",
            "the cell has a control character",
            "enter the value again by hand",
        ));
    }
    if field == Field::Notes {
        return None;
    }
    if ERRORS.contains(&cell.to_ascii_uppercase().as_str()) {
        return Some(Refusal::new(
            "spreadsheet_error",
            "the cell holds a spreadsheet's error instead of a value",
            "repair the formula in the spreadsheet, or enter the value",
        ));
    }
    (cell.len() >= 3 && cell.bytes().all(|b| b == b'#')).then(|| {
        Refusal::new(
            "column_too_narrow",
            "the spreadsheet's column was too narrow to show the value",
            "widen the column and export again",
        )
    })
}

pub(super) fn missing(field: Field) -> Refusal {
    match field {
        Field::Phone => NotAPhone::Empty.into(),
        _ => Refusal::new("name_missing", "the student has no name", "enter the name"),
    }
}

pub(super) fn phone(raw: &str) -> Result<Phone, Refusal> {
    Phone::from_str(raw).map_err(Into::into)
}

pub(super) fn code(raw: &str) -> Result<Code, Refusal> {
    Code::from_str(raw).map_err(|fault| match fault {
        NotACode::TooLong => Refusal::new("code_too_long", fault.to_string(), "shorten the code"),
        NotACode::Characters | NotACode::Empty => Refusal::new(
            "code_characters",
            fault.to_string(),
            "change the code, or leave it empty and one is made up",
        ),
    })
}

fn name_in(raw: &str, what: [&'static str; 4]) -> Result<Name, Refusal> {
    let [too_long, unusable, is_number, no_letters] = what;
    let name = match Name::new(raw) {
        Ok(name) => name,
        Err(_) if raw.chars().count() > MAX_NAME => {
            let reason = format!("a name has at most {MAX_NAME} characters");
            return Err(Refusal::new(
                too_long,
                reason,
                "shorten the name; move the rest to the notes",
            ));
        }
        Err(fault) => {
            return Err(Refusal::new(
                unusable,
                fault.to_string(),
                "enter the name again by hand",
            ));
        }
    };
    if has_letters(&name) {
        return Ok(name);
    }
    Err(if raw.contains(|c: char| c.is_ascii_digit()) {
        Refusal::new(
            is_number,
            "this is a number, not a name",
            "check whether columns have shifted",
        )
    } else {
        Refusal::new(
            no_letters,
            "there is no letter in the name",
            "enter the name",
        )
    })
}

pub(super) fn name(raw: &str) -> Result<Name, Refusal> {
    name_in(
        raw,
        [
            "name_too_long",
            "name_characters",
            "name_is_number",
            "name_without_letters",
        ],
    )
}

pub(super) fn name_of_guardian(raw: &str) -> Result<Name, Refusal> {
    name_in(
        raw,
        [
            "guardian_name_too_long",
            "guardian_name_characters",
            "guardian_name_is_number",
            "guardian_name_without_letters",
        ],
    )
}

pub(super) fn email(raw: &str) -> Result<Email, Refusal> {
    let several = raw.matches('@').count() > 1 && raw.contains([',', ';', '/', ' ']);
    raw.parse().map_err(|_| {
        if several {
            Refusal::new(
                "email_several",
                "there is more than one address",
                "keep one address",
            )
        } else {
            Refusal::new(
                "email_invalid",
                "this is no e-mail address",
                "write it like name@example.com, or leave it empty",
            )
        }
    })
}

pub(super) fn gender(raw: &str) -> Result<Gender, Refusal> {
    match fold(raw).as_str() {
        "f" | "female" | "girl" | "woman" | "महिला" => Ok(Gender::Female),
        "m" | "male" | "boy" | "man" | "पुरुष" => Ok(Gender::Male),
        "o" | "other" | "others" | "transgender" | "non binary" => Ok(Gender::Other),
        _ => Err(Refusal::new(
            "gender_unknown",
            "this is none of female, male, other",
            "write female, male or other, or leave it empty",
        )),
    }
}

pub(super) fn status(raw: &str) -> Result<Status, Refusal> {
    match fold(raw).as_str() {
        "active" | "current" => Ok(Status::Active),
        "paused" | "on hold" | "hold" => Ok(Status::Paused),
        "left" | "discontinued" | "former" => Ok(Status::Left),
        _ => Err(Refusal::new(
            "status_unknown",
            "this is none of active, paused, left",
            "write active, paused or left, or leave it empty for active",
        )),
    }
}

pub(super) fn notes(raw: &str) -> Result<Notes, Refusal> {
    Notes::from_str(raw).map_err(|fault| match fault {
        NotNotes::TooLong => Refusal::new("notes_too_long", fault.to_string(), "shorten the text"),
        _ => Refusal::new(
            "notes_characters",
            fault.to_string(),
            "enter the text again by hand",
        ),
    })
}

pub(super) fn birth(raw: &str, today: Option<CivilDate>) -> Result<CivilDate, Refusal> {
    let date = date::read(raw)?;
    match today {
        Some(today) if date > today => Err(Refusal::new(
            "birth_in_future",
            format!("{date} has not come yet"),
            "correct the year",
        )),
        Some(today) if date.to_jiff().year() < today.to_jiff().year() - MAX_AGE => {
            Err(Refusal::new(
                "birth_too_long_ago",
                format!("nobody born on {date} is a student"),
                "correct the year",
            ))
        }
        _ => Ok(date),
    }
}

pub(super) fn joined(
    raw: &str,
    today: Option<CivilDate>,
    born: Option<CivilDate>,
) -> Result<CivilDate, Refusal> {
    let date = date::read(raw)?;
    if born.is_some_and(|born| date <= born) {
        return Err(Refusal::new(
            "joined_before_birth",
            format!("{date} is not after the day of birth"),
            "correct one of the two dates",
        ));
    }
    // People are entered ahead of a term, but not years ahead.
    match today {
        Some(today) if date.days_since_epoch() > today.days_since_epoch() + 366 => {
            Err(Refusal::new(
                "joined_in_future",
                format!("{date} is more than a year ahead"),
                "correct the year",
            ))
        }
        _ => Ok(date),
    }
}
