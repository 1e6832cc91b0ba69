//! Taking out of a text what may belong to somebody: an error's words are the program's own, but may quote.

use std::path::Path;

/// The text without addresses of people, long numbers, secrets and what stands in quotes. Shorter than 2,000 characters.
pub fn scrub(text: &str) -> String {
    let unquoted = without_quoted(text);
    let mut out = String::with_capacity(unquoted.len());
    let mut word = String::new();
    for character in unquoted.chars().take(2_000) {
        // What words and the secrets that look like them are made of.
        if character.is_alphanumeric() || "@._-+/=:%".contains(character) {
            word.push(character);
        } else {
            push(&mut out, &word);
            word.clear();
            out.push(character);
        }
    }
    push(&mut out, &word);
    out
}

/// What ends a word or a sentence is no part of what it says.
fn push(out: &mut String, word: &str) {
    let core = word.trim_end_matches([':', '.', '=', '-', '/']);
    out.push_str(judged(core));
    out.push_str(word.get(core.len()..).unwrap_or_default());
}

/// What is between two quotes is somebody's: names, values, parts of texts.
fn without_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'', '`']) {
        let (before, quoted) = rest.split_at(at);
        out.push_str(before);
        let mut characters = quoted.chars();
        let quote = characters.next().unwrap_or('"');
        let inside = characters.as_str();
        // An apostrophe inside a word quotes nothing.
        let apostrophe = quote == '\'' && before.ends_with(char::is_alphanumeric);
        match inside.split_once(quote) {
            Some((_, after)) if !apostrophe => {
                out.extend([quote, '…', quote]);
                rest = after;
            }
            _ => {
                out.push(quote);
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    out
}

fn judged(word: &str) -> &str {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if word.contains('@') {
        "[address]"
    } else if is_place(word) {
        word
    } else if is_uuid(word) {
        "[id]"
    } else if word.len() >= 24 && (digits > 0 || word.chars().any(char::is_uppercase)) {
        "[secret]"
    } else if digits >= 7 {
        "[number]"
    } else {
        word
    }
}

/// `kit/db/src/tx.rs:120:5`: the program's own, and what one needs.
fn is_place(word: &str) -> bool {
    let path = word.split(':').next().unwrap_or_default();
    let source = Path::new(path).extension().is_some_and(|end| end == "rs");
    source && !path.contains('@')
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36
        && word.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_belongs_to_somebody_is_taken_out_and_the_rest_stays() {
        for (text, scrubbed) in [
            (
                "no row for asha.r+x@example.co.in in table members",
                "no row for [address] in table members",
            ),
            ("call +919812345678 now", "call [number] now"),
            (
                "byte index 5 is not a char boundary; it is inside 'é' of `Señor Pérez`",
                "byte index 5 is not a char boundary; it is inside '…' of `…`",
            ),
            (
                "invalid token eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl!",
                "invalid token [secret]!",
            ),
            (
                "tenant 01a1ff43-baeb-7000-80f4-59353986f3bf: the disk is full",
                "tenant [id]: the disk is full",
            ),
            (
                "panicked at kit/db/src/sqlite/conn.rs:120:15",
                "panicked at kit/db/src/sqlite/conn.rs:120:15",
            ),
            ("it can't be, isn't it", "it can't be, isn't it"),
            (
                "the connection to 10.0.0.7:5432 was refused",
                "the connection to [number] was refused",
            ),
        ] {
            assert_eq!(scrub(text), scrubbed, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_address_survives(before in "[a-z .,]{0,20}", name in "[a-zA-Z0-9._+-]{1,12}", host in "[a-z]{1,10}\\.[a-z]{2,5}", after in "[a-z .,]{0,20}") {
            let text = format!("{before} {name}@{host} {after}");
            let address = format!("{name}@{host}");
            prop_assert!(!scrub(&text).contains(&address));
        }

        #[test]
        fn it_never_fails(text in "\\PC{0,200}") {
            scrub(&text);
        }
    }
}
