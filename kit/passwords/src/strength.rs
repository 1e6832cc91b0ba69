//! How many guesses a password would take, by zxcvbn: an estimate to refuse what is long but predictable, and to show.
//!
//! zxcvbn's time grows steeply with letters that could be digits: 0.9 s for 100 hostile characters, 18 ms for 24
//! (measured), which is less than a hash. So at most two pieces of that length are looked at: a password is
//! at least as hard to guess as any piece of it. It runs on the hashing threads, where a flood ends at their queue.

use gantry_kernel::Secret;
use zxcvbn::Score;

/// Characters looked at together.
const PIECE: usize = 24;
/// Words about the person that are looked for; the rest is ignored.
const WORDS: usize = 40;

/// An estimate. Scores: 0 to 2 can be guessed by somebody with time, 3 and 4 cannot.
#[derive(Clone, Debug, PartialEq)]
pub struct Strength {
    /// 0 to 4.
    pub score: u8,
    /// The power of ten of the guesses it takes; at most 19.3.
    pub guesses_log10: f64,
    /// What is wrong with it.
    pub warning: Option<String>,
    /// What would make it better.
    pub suggestions: Vec<String>,
}

/// Estimates the strength of `password` for somebody who knows `words` about the person.
pub(crate) fn estimate(password: &Secret<String>, words: &[String]) -> Strength {
    let chars: Secret<Vec<char>> = Secret::new(password.expose().chars().collect());
    let words: Vec<&str> = words.iter().take(WORDS).map(String::as_str).collect();
    let head = piece(chars.expose().iter().take(PIECE), &words);
    if head.score >= 3 || chars.expose().len() <= PIECE {
        return head;
    }
    let rest = chars.expose().len() - PIECE;
    let tail = piece(chars.expose().iter().skip(rest.max(PIECE)), &words);
    if tail.guesses_log10 > head.guesses_log10 {
        tail
    } else {
        head
    }
}

fn piece<'a>(chars: impl Iterator<Item = &'a char>, words: &[&str]) -> Strength {
    let text: Secret<String> = Secret::new(chars.collect());
    let entropy = zxcvbn::zxcvbn(text.expose(), words);
    let score = match entropy.score() {
        Score::Zero => 0,
        Score::One => 1,
        Score::Two => 2,
        Score::Three => 3,
        _ => 4,
    };
    let feedback = entropy.feedback();
    Strength {
        score,
        // Of nothing it is minus infinity, which JSON does not have.
        guesses_log10: entropy.guesses_log10().max(0.0),
        warning: feedback.and_then(|told| told.warning().map(|warning| warning.to_string())),
        suggestions: feedback
            .map(|told| told.suggestions().iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(password: &str, words: &[&str]) -> u8 {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        estimate(&Secret::new(password.to_owned()), &words).score
    }

    #[test]
    fn long_and_predictable_is_weak() {
        for weak in [
            "",
            "password1234",
            "qwertyuiop12",
            "Password12345!",
            "aaaabbbbcccc",
            "            x y",
            "abcdefghijklmnopqrstuvwxyz",
        ] {
            assert!(score(weak, &[]) < 3, "{weak}");
        }
        for strong in [
            "nine brass lamps burn",
            "correcthorsebattery",
            "मेरीनईलंबीकुंजी",
        ] {
            assert_eq!(score(strong, &[]), 4, "{strong}");
        }
    }

    #[test]
    fn what_is_known_about_the_person_is_worth_little() {
        assert!(score("northhallnorthhall", &[]) > score("northhallnorthhall", &["northhall"]));
    }

    #[test]
    fn a_strong_end_is_seen_behind_a_weak_beginning() {
        let weak = "a".repeat(PIECE);
        assert!(score(&weak, &[]) < 3);
        assert_eq!(score(&format!("{weak}nine brass lamps burn"), &[]), 4);
        assert!(score(&"a".repeat(128), &[]) < 3);
    }
}
