//! Which of the prepared encodings of a file a client gets (RFC 9110, section 12.5.3).

use http::{HeaderMap, header};

use super::SiteFile;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Brotli,
    Gzip,
}

impl Encoding {
    /// The smallest that is there and that the client takes.
    pub(super) fn pick(file: &SiteFile, headers: &HeaderMap) -> (Self, &'static [u8]) {
        let prepared = [(Self::Brotli, file.brotli), (Self::Gzip, file.gzip)];
        prepared
            .into_iter()
            .filter_map(|(encoding, bytes)| Some((encoding, bytes?)))
            .find(|(encoding, _)| encoding.taken(headers))
            .unwrap_or((Self::Identity, file.plain))
    }

    pub(super) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
        }
    }

    /// A strong tag names one sequence of bytes, so each encoding has its own.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Brotli => "-br",
            Self::Gzip => "-gz",
        }
    }

    fn taken(self, headers: &HeaderMap) -> bool {
        let lines = headers
            .get_all(header::ACCEPT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok());
        lines.flat_map(|line| line.split(',')).any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let named = parts
                .next()
                .zip(self.name())
                .is_some_and(|(coding, name)| coding.eq_ignore_ascii_case(name));
            named && parts.all(wanted)
        })
    }
}

/// Whether a parameter of a coding leaves it acceptable: everything but a weight of nothing.
fn wanted(parameter: &str) -> bool {
    match parameter.split_once('=') {
        Some((name, weight)) if name.trim().eq_ignore_ascii_case("q") => {
            weight.trim().parse::<f32>().is_ok_and(|q| q > 0.0)
        }
        _ => true,
    }
}
