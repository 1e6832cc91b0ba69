//! The nearest known key to a misspelt one.

/// The known name that was probably meant, if any is near enough to be worth saying.
pub(super) fn nearest<'a>(
    written: &str,
    known: &(impl Iterator<Item = &'a str> + Clone),
) -> Option<&'a str> {
    let last = |path: &'a str| path.rsplit('.').next().unwrap_or(path);
    let misplaced = || {
        let mut same = known
            .clone()
            .filter(|path| last(path) == written.rsplit('.').next().unwrap_or(written));
        let first = same.next();
        first.filter(|_| same.next().is_none())
    };
    known
        .clone()
        .map(|path| (distance(written, path), path))
        .min()
        .filter(|(steps, _)| *steps <= (written.chars().count() / 4).max(2))
        .map(|(_, path)| path)
        .or_else(misplaced)
}

/// Levenshtein's distance: insertions, deletions and replacements between two texts.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = *cell;
            left = replaced.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_key() {
        let known = ["server.listen", "server.public_url", "mail.host"];
        let near = |written| nearest(written, &known.into_iter());
        assert_eq!(near("server.lisen"), Some("server.listen"));
        assert_eq!(near("serve.public_url"), Some("server.public_url"));
        assert_eq!(near("public_url"), Some("server.public_url"));
        assert_eq!(near("server.colour"), None);
    }

    #[test]
    fn distance_counts_single_changes() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
