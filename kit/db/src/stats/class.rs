//! What a statement does to which table, read from its own text: the labels under which it is measured. There are as many
//! as the program has statements of different kinds, whatever anybody sends.

use std::sync::LazyLock;

use crate::sql::statements;

/// A kind of statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Class {
    /// `select`, `insert`, `update`, `delete` or `other`.
    pub operation: &'static str,
    /// The first table that the statement names; `none` when it names none.
    pub table: &'static str,
}

/// The classes of all statements of the program; each statement knows its place here.
pub(crate) static CLASSES: LazyLock<Vec<Class>> = LazyLock::new(|| {
    let mut all: Vec<Class> = statements().map(|sql| sql.statement().class()).collect();
    all.sort_unstable();
    all.dedup();
    for sql in statements() {
        if let Ok(place) = all.binary_search(&sql.statement().class()) {
            sql.statement().set_place(place);
        }
    }
    all
});

/// A word of the text, or the bracket that opens or closes a part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Word(&'static str),
    Open,
    Close,
}

impl Class {
    /// Of a statement's text.
    pub(crate) fn of(text: &'static str) -> Self {
        let tokens: Vec<Token> = tokens(text);
        let (at, operation) = verb(&tokens);
        let after = tokens.get(at..).unwrap_or_default();
        let table = match operation {
            "insert" => following(after, "into"),
            "update" => after.get(1).and_then(|token| token.word()),
            "delete" => following(after, "from"),
            "select" => from(after, &tokens),
            _ => None,
        };
        Self {
            operation,
            table: table.unwrap_or("none"),
        }
    }
}

impl Token {
    const fn word(self) -> Option<&'static str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }

    fn is(self, wanted: &str) -> bool {
        self.word()
            .is_some_and(|word| word.eq_ignore_ascii_case(wanted))
    }
}

fn tokens(text: &'static str) -> Vec<Token> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if inside(first) {
            let end = rest.find(|c| !inside(c)).unwrap_or(rest.len());
            let (word, left) = rest.split_at(end);
            all.push(Token::Word(word));
            rest = left;
            continue;
        }
        match first {
            '(' => all.push(Token::Open),
            ')' => all.push(Token::Close),
            // What stands in a text literal is no word of the statement.
            '\'' => {
                let quoted = rest.get(1..).unwrap_or_default();
                rest = quoted.split_once('\'').map_or("", |(_, left)| left);
                continue;
            }
            _ => {}
        }
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    all
}

/// The word that says what the statement does: the first outside all brackets, since what stands before the main part
/// (`WITH name AS (..)`) is in brackets.
fn verb(tokens: &[Token]) -> (usize, &'static str) {
    const VERBS: [&str; 4] = ["select", "insert", "update", "delete"];
    let mut depth = 0_u32;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            Token::Word(_) if depth == 0 => {
                if let Some(verb) = VERBS.iter().find(|verb| token.is(verb)) {
                    return (at, verb);
                }
            }
            Token::Word(_) => {}
        }
    }
    (0, "other")
}

fn following(tokens: &[Token], word: &str) -> Option<&'static str> {
    let at = tokens.iter().position(|token| token.is(word))?;
    tokens.get(at + 1)?.word()
}

/// The table of a query: what its own `FROM` names, or, when that is a part in brackets or one named before (`WITH`), the
/// first table anywhere.
fn from(query: &[Token], whole: &[Token]) -> Option<&'static str> {
    let named_before = |name: &str| {
        whole
            .windows(3)
            .any(|three| three[0].is(name) && three[1].is("as") && three[2] == Token::Open)
    };
    let mut depth = 0_u32;
    let mut own = None;
    for pair in query.windows(2) {
        match pair[0] {
            Token::Open => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            token if depth == 0 && token.is("from") => {
                own = pair[1].word();
                break;
            }
            Token::Word(_) => {}
        }
    }
    own.filter(|name| !named_before(name)).or_else(|| {
        whole
            .windows(2)
            .filter(|pair| pair[0].is("from"))
            .find_map(|pair| pair[1].word().filter(|name| !named_before(name)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_known_by_what_it_does_to_its_first_table() {
        for (text, operation, table) in [
            ("SELECT 1", "select", "none"),
            (
                "select a, (select max(b) from inner_one) from outer_one where c = 'x from y'",
                "select",
                "outer_one",
            ),
            (
                "select count(*) from (select 1 from nested) as n",
                "select",
                "nested",
            ),
            (
                "with picked as (select id from jobs) select id from picked",
                "select",
                "jobs",
            ),
            (
                "with p as (select id from jobs for update skip locked) update jobs set x = 1 from p",
                "update",
                "jobs",
            ),
            (
                "INSERT INTO kinds (id, t) VALUES ($1, $2)",
                "insert",
                "kinds",
            ),
            (
                "insert into a (b) select c from d on conflict do update set b = 1",
                "insert",
                "a",
            ),
            (
                "\n delete from audit_unsealed where id = $1 returning id",
                "delete",
                "audit_unsealed",
            ),
            (
                "update members set a = (select 'into') where b = $1",
                "update",
                "members",
            ),
            ("drop table x", "other", "none"),
            ("", "other", "none"),
            ("select 'it''s from nowhere'", "select", "none"),
        ] {
            let class = Class::of(text);
            assert_eq!((class.operation, class.table), (operation, table), "{text}");
        }
    }
}
