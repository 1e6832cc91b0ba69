//! The names of backups.

use gantry_kernel::Timestamp;

/// The name of a backup: when it was taken, and something that no other has.
pub(crate) fn name_of(taken_at: Timestamp, unique: &str) -> String {
    let at = taken_at.to_string();
    let stamp: String = at
        .chars()
        .take(19)
        .filter(char::is_ascii_alphanumeric)
        .collect();
    format!("{stamp}Z-{unique}")
}

/// When a backup of this name was taken, to the second; `None` for other folders.
pub(crate) fn taken_at(name: &str) -> Option<Timestamp> {
    let (stamp, unique) = name.split_once('-')?;
    let well_formed = !unique.is_empty() && unique.bytes().all(|byte| byte.is_ascii_hexdigit());
    let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", stamp).ok()?;
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    well_formed.then(|| Timestamp::from_micros(at.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_when_and_nothing_else_is_taken_for_one() {
        let at = Timestamp::from_micros(1_795_271_400_123_456);
        let name = name_of(at, "0a1b");
        assert_eq!(name, "20261121T143000Z-0a1b");
        assert_eq!(
            taken_at(&name),
            Some(Timestamp::from_micros(1_795_271_400_000_000))
        );
        for other in [
            "lost+found",
            "20261121T143000Z-",
            "20261121T143000Z-../x",
            "..",
            "",
        ] {
            assert_eq!(taken_at(other), None, "{other}");
        }
    }
}
