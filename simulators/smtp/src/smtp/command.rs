//! Command lines, parsed by the grammar of RFC 5321 section 4.1 and its extensions.

/// Longest command line with CRLF: 512 (RFC 5321 section 4.5.3.1.4) plus what `MAIL` gains from
/// SIZE (26, RFC 1870), 8BITMIME (17, RFC 6152) and SMTPUTF8 (10, RFC 6531).
pub(crate) const MAX_LINE: usize = 512 + 26 + 17 + 10;

/// Longest path with its angle brackets, RFC 5321 section 4.5.3.1.3.
const MAX_PATH: usize = 256;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Ehlo,
    Helo,
    Mail {
        from: String,
        size: Option<usize>,
        utf8: bool,
    },
    Rcpt {
        to: String,
    },
    Data,
    Rset,
    Noop,
    Quit,
    Vrfy,
}

/// The reply for a line that is no command we take.
pub(crate) type Refusal = &'static str;

const SYNTAX: Refusal = "501 5.5.2 syntax error in parameters";
const UNKNOWN_PARAMETER: Refusal = "555 5.5.4 parameter not recognised";

pub(crate) fn parse(line: &[u8]) -> Result<Command, Refusal> {
    let text = std::str::from_utf8(line).map_err(|_| "500 5.5.2 not valid UTF-8")?;
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    let bare = |command| {
        if rest.trim().is_empty() {
            Ok(command)
        } else {
            Err(SYNTAX)
        }
    };
    match verb.to_ascii_uppercase().as_str() {
        "EHLO" if rest.trim().is_empty() => Err("501 5.5.4 a domain or address is required"),
        "HELO" if rest.trim().is_empty() => Err("501 5.5.4 a domain is required"),
        "EHLO" => Ok(Command::Ehlo),
        "HELO" => Ok(Command::Helo),
        "MAIL" => mail(rest),
        "RCPT" => rcpt(rest),
        "DATA" => bare(Command::Data),
        "RSET" => bare(Command::Rset),
        "QUIT" => bare(Command::Quit),
        "NOOP" => Ok(Command::Noop),
        "VRFY" if rest.trim().is_empty() => Err(SYNTAX),
        "VRFY" => Ok(Command::Vrfy),
        "EXPN" | "HELP" | "STARTTLS" | "AUTH" | "BDAT" | "ETRN" => {
            Err("502 5.5.1 command not implemented")
        }
        _ => Err("500 5.5.1 command not recognised"),
    }
}

fn mail(rest: &str) -> Result<Command, Refusal> {
    let (from, parameters) = path(strip_keyword(rest, "FROM:")?)?;
    let mut size = None;
    let mut utf8 = false;
    for parameter in parameters.split_ascii_whitespace() {
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (parameter, None),
        };
        match (name.to_ascii_uppercase().as_str(), value) {
            ("SIZE", Some(value)) => size = Some(value.parse().map_err(|_| SYNTAX)?),
            ("BODY", Some(value))
                if ["7BIT", "8BITMIME"]
                    .iter()
                    .any(|known| value.eq_ignore_ascii_case(known)) => {}
            ("SMTPUTF8", None) => utf8 = true,
            _ => return Err(UNKNOWN_PARAMETER),
        }
    }
    if !utf8 && !from.is_ascii() {
        return Err("553 5.6.7 address needs SMTPUTF8");
    }
    if !from.is_empty() && !is_address(from) {
        return Err("501 5.1.7 bad sender address");
    }
    Ok(Command::Mail {
        from: from.to_owned(),
        size,
        utf8,
    })
}

fn rcpt(rest: &str) -> Result<Command, Refusal> {
    let (to, parameters) = path(strip_keyword(rest, "TO:")?)?;
    if !parameters.trim().is_empty() {
        return Err(UNKNOWN_PARAMETER);
    }
    if !to.eq_ignore_ascii_case("postmaster") && !is_address(to) {
        return Err("501 5.1.3 bad recipient address");
    }
    Ok(Command::Rcpt { to: to.to_owned() })
}

fn strip_keyword<'a>(rest: &'a str, keyword: &str) -> Result<&'a str, Refusal> {
    match rest.split_at_checked(keyword.len()) {
        Some((found, rest)) if found.eq_ignore_ascii_case(keyword) => Ok(rest),
        _ => Err(SYNTAX),
    }
}

/// Splits `<path> parameters`; a source route is dropped, as RFC 5321 section 4.1.1.3 allows.
fn path(text: &str) -> Result<(&str, &str), Refusal> {
    // Many clients put a space here; RFC 5321 section 3.3 says it is wrong, and servers take it.
    let inner = text
        .trim_start_matches(' ')
        .strip_prefix('<')
        .ok_or(SYNTAX)?;
    let mut quoted = false;
    let mut escaped = false;
    let end = inner
        .char_indices()
        .find(|(_, c)| {
            let ends = *c == '>' && !quoted && !escaped;
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quoted = !quoted,
                _ => {}
            }
            ends
        })
        .map(|(at, _)| at)
        .ok_or(SYNTAX)?;
    if end + 2 > MAX_PATH {
        return Err("501 5.1.7 path too long");
    }
    let (mut address, parameters) = (&inner[..end], &inner[end + 1..]);
    if !parameters.is_empty() && !parameters.starts_with(' ') {
        return Err(SYNTAX);
    }
    if address.starts_with('@') {
        address = address.split_once(':').ok_or(SYNTAX)?.1;
    }
    Ok((address, parameters))
}

/// Local part of 1 to 64 octets and a domain of 1 to 255 (RFC 5321 section 4.5.3.1), no controls.
fn is_address(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    let quoted = local.len() >= 2 && local.starts_with('"') && local.ends_with('"');
    (1..=64).contains(&local.len())
        && (1..=255).contains(&domain.len())
        && !address.chars().any(char::is_control)
        && !domain.contains([' ', '<', '>', '"', '\\', ','])
        && (quoted || !local.contains([' ', '<', '>', '"', '\\', ',', '@', ':', ';', '(', ')']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let from = |text: &str| match parse(format!("MAIL FROM:{text}").as_bytes()) {
            Ok(Command::Mail { from, .. }) => Ok(from),
            Ok(other) => panic!("{other:?}"),
            Err(refusal) => Err(&refusal[..3]),
        };
        assert_eq!(from("<a@example.com>"), Ok("a@example.com".into()));
        assert_eq!(from("<>"), Ok(String::new()));
        assert_eq!(
            from("<\"odd > one\"@example.com>"),
            Ok("\"odd > one\"@example.com".into())
        );
        assert_eq!(
            from("<@relay.example:a@example.com>"),
            Ok("a@example.com".into())
        );
        assert_eq!(from("a@example.com"), Err("501"));
        assert_eq!(from("<a b@example.com>"), Err("501"));
        assert_eq!(from("<é@example.com>"), Err("553"));
        assert_eq!(from("<é@example.com> SMTPUTF8"), Ok("é@example.com".into()));
        assert_eq!(from("<a@example.com> FOO=1"), Err("555"));
        assert_eq!(
            from(&format!("<{}@example.com>", "a".repeat(65))),
            Err("501")
        );
    }

    #[test]
    fn parameters_and_verbs() {
        assert_eq!(
            parse(b"mail from:<a@example.com> SIZE=12 BODY=8BITMIME"),
            Ok(Command::Mail {
                from: "a@example.com".into(),
                size: Some(12),
                utf8: false
            })
        );
        assert!(parse(b"DATA now").is_err_and(|refusal| refusal.starts_with("501")));
        assert!(parse(b"EHLO").is_err_and(|refusal| refusal.starts_with("501")));
        assert!(parse(b"STARTTLS").is_err_and(|refusal| refusal.starts_with("502")));
        assert!(parse(b"HACK").is_err_and(|refusal| refusal.starts_with("500")));
        assert_eq!(parse(b"VRFY someone"), Ok(Command::Vrfy));
    }
}
