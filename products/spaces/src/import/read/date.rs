//! Dates as people and spreadsheets write them. The day comes first, as everywhere in India; what could
//! only be read by guessing is refused with the spelling that cannot be mistaken.

use gantry_kernel::CivilDate;

use super::fault::Refusal;

const FIX: &str = "write the date as day/month/year, e.g. 16/05/2004, or as 2004-05-16";

/// Reads one date.
///
/// Accepted: `16/05/2004`, `16-5-2004`, `16.05.2004`, `16 May 2004`, `16-May-2004`, `2004-05-16`,
/// `2004/05/16`, each optionally followed by a time of day, which is dropped.
pub fn read(raw: &str) -> Result<CivilDate, Refusal> {
    let text = without_time(raw.trim());
    let parts: Vec<&str> = text
        .split(|c: char| matches!(c, '/' | '-' | '.' | ',' | '–') || c.is_whitespace())
        .filter(|part| !part.is_empty())
        .collect();
    match parts.as_slice() {
        [number] if is_serial(number) => Err(serial(number)),
        [a, b, c] => three(a, b, c, text),
        _ => Err(unreadable(text)),
    }
}

/// Without a time of day after the date: `2004-05-16T00:00:00Z`, `16/05/2004 10:33:21 AM`.
fn without_time(text: &str) -> &str {
    let Some(colon) = text.find(':') else {
        return text;
    };
    let before = text.get(..colon).unwrap_or_default();
    let date = before.trim_end_matches(|c: char| c.is_ascii_digit());
    match date.strip_suffix([' ', 'T']) {
        Some(date) if date.len() < before.len() => date.trim_end(),
        _ => text,
    }
}

fn unreadable(text: &str) -> Refusal {
    let reason = if text.chars().any(|c| c.is_ascii_digit()) {
        "this is not a date that can be read"
    } else {
        "there is no date here"
    };
    Refusal::new("date_unreadable", reason, FIX)
}

/// Four or five digits on their own: how a spreadsheet shows a date whose format was lost. They are not
/// taken, because the same number means two days four years apart (the 1900 and 1904 date systems).
fn is_serial(text: &str) -> bool {
    (4..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn serial(text: &str) -> Refusal {
    // Day 0 of the 1900 system, as all days after February 1900 count from it.
    const DAY_ZERO: i32 = -25_569;
    let date = text
        .parse::<i32>()
        .ok()
        .and_then(|n| CivilDate::from_days_since_epoch(n + DAY_ZERO));
    let reason = match date {
        Some(date) => format!("a spreadsheet wrote the date as a number (perhaps {date})"),
        None => "a spreadsheet wrote the date as a number".to_owned(),
    };
    let fix = "format the column as date in the spreadsheet and export it again";
    Refusal::new("date_serial_number", reason, fix)
}

fn number(text: &str) -> Option<i16> {
    (text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// English month names, whole or by their first three letters.
fn month_name(text: &str) -> Option<i16> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let text = text.to_ascii_lowercase();
    let found = NAMES.iter().position(|name| {
        *name == text
            || (text.len() == 3 && name.starts_with(&text))
            || (text == "sept" && *name == "september")
    })?;
    i16::try_from(found + 1).ok()
}

fn three(a: &str, b: &str, c: &str, text: &str) -> Result<CivilDate, Refusal> {
    let day_suffix = |t: &str| {
        let end = t.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let suffix = t.get(end.len()..).unwrap_or_default().to_ascii_lowercase();
        if matches!(suffix.as_str(), "st" | "nd" | "rd" | "th") {
            end.to_owned()
        } else {
            t.to_owned()
        }
    };
    let (a, b) = (day_suffix(a), day_suffix(b));
    let named = match (month_name(&a), month_name(&b)) {
        // "16 May 2004" and "May 16, 2004".
        (_, Some(month)) => Some((number(&a), Some(month))),
        (Some(month), _) => Some((number(&b), Some(month))),
        _ => None,
    };
    if let Some((day, month)) = named {
        let (Some(day), Some(month), Some(year)) = (day, month, number(c)) else {
            return Err(unreadable(text));
        };
        return if c.len() == 2 {
            Err(two_digits(c))
        } else {
            exists(year, month, day)
        };
    }
    let (Some(first), Some(second), Some(third)) = (number(&a), number(&b), number(c)) else {
        return Err(unreadable(text));
    };
    match (a.len(), c.len()) {
        (4, 1 | 2) => exists(first, second, third),
        (1 | 2, 4) if second > 12 && first <= 12 => Err(month_first(first, second, third)),
        (1 | 2, 4) => exists(third, second, first),
        (1 | 2, 2) => Err(two_digits(c)),
        _ => Err(unreadable(text)),
    }
}

fn two_digits(year: &str) -> Refusal {
    Refusal::new(
        "date_two_digit_year",
        format!("the year {year} could be 19{year} or 20{year}"),
        "write the year with four digits",
    )
}

/// A date that makes sense only in the American order. One such row says that the others, which read as
/// valid days, may be wrong too, so it is worth more than a silent swap.
fn month_first(month: i16, day: i16, year: i16) -> Refusal {
    match civil(year, month, day) {
        Some(date) => Refusal::new(
            "date_month_first",
            format!("there is no month {day}: the date seems to be written month first"),
            format!("write {date} (year-month-day) and check the other dates of the column"),
        ),
        None => impossible(year, day, month),
    }
}

fn impossible(year: i16, month: i16, day: i16) -> Refusal {
    Refusal::new(
        "date_impossible",
        format!("there is no day {day} in month {month} of the year {year}"),
        "correct the date",
    )
}

fn civil(year: i16, month: i16, day: i16) -> Option<CivilDate> {
    CivilDate::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?)
}

fn exists(year: i16, month: i16, day: i16) -> Result<CivilDate, Refusal> {
    civil(year, month, day).ok_or_else(|| impossible(year, month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_spelling_is_the_same_day() {
        for raw in [
            "16/05/2004",
            "16/5/2004",
            " 16-05-2004 ",
            "16.05.2004",
            "16 May 2004",
            "16-May-2004",
            "16 MAY, 2004",
            "16th May 2004",
            "May 16, 2004",
            "2004-05-16",
            "2004/05/16",
            "2004-05-16T00:00:00Z",
            "2004-05-16 00:00:00",
            "16/05/2004 10:33:21 AM",
            "16-05-2004 0:00",
        ] {
            assert_eq!(
                read(raw).map(|d| d.to_string()),
                Ok("2004-05-16".to_owned()),
                "{raw}"
            );
        }
        assert_eq!(read("05/06/2004").expect("reads").to_string(), "2004-06-05");
        assert_eq!(read("29/02/2004").expect("reads").to_string(), "2004-02-29");
    }

    #[test]
    fn what_needs_guessing_is_refused_with_what_to_write() {
        for (raw, code) in [
            ("16/05/04", "date_two_digit_year"),
            ("16.05.04", "date_two_digit_year"),
            ("16-May-04", "date_two_digit_year"),
            ("05/16/2004", "date_month_first"),
            ("38123", "date_serial_number"),
            ("2004", "date_serial_number"),
            ("31/02/2004", "date_impossible"),
            ("29-02-2003", "date_impossible"),
            ("32/13/2004", "date_impossible"),
            ("2004-13-01", "date_impossible"),
            ("00/00/0000", "date_impossible"),
            ("last May", "date_unreadable"),
            ("16/05", "date_unreadable"),
            ("16052004", "date_unreadable"),
            ("16/Mai/2004", "date_unreadable"),
            ("99999999999999999999", "date_unreadable"),
            ("::::", "date_unreadable"),
        ] {
            assert_eq!(read(raw).map_err(|r| r.code), Err(code), "{raw}");
        }
        let refusal = read("38123").expect_err("refused");
        assert!(refusal.reason.contains("2004-05-16"), "{}", refusal.reason);
        assert!(
            read("05/16/2004")
                .expect_err("refused")
                .fix
                .contains("2004-05-16")
        );
    }
}
