//! The font in two weights, and how wide a text is in it.

use krilla::text::Font;
use rustybuzz::{Face, UnicodeBuffer, shape};

use super::PdfError;

const REGULAR: &[u8] = include_bytes!("../../fonts/NotoSansDevanagari-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../fonts/NotoSansDevanagari-Bold.ttf");

/// Which weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

pub(super) struct Fonts {
    regular: (Font, Face<'static>),
    bold: (Font, Face<'static>),
}

impl Fonts {
    pub(super) fn load() -> Result<Self, PdfError> {
        let load = |bytes: &'static [u8]| {
            let font = Font::new(bytes.into(), 0);
            let face = Face::from_slice(bytes, 0);
            font.zip(face)
                .ok_or_else(|| PdfError("a font is damaged".to_owned()))
        };
        Ok(Self {
            regular: load(REGULAR)?,
            bold: load(BOLD)?,
        })
    }

    fn of(&self, weight: Weight) -> &(Font, Face<'static>) {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    pub(super) fn font(&self, weight: Weight) -> Font {
        self.of(weight).0.clone()
    }

    /// How wide a text is, in points.
    pub(super) fn width(&self, text: &str, size: f32, weight: Weight) -> f32 {
        runs(text)
            .map(|run| self.run_width(run, size, weight))
            .sum()
    }

    /// How wide a text of one script is.
    pub(super) fn run_width(&self, run: &str, size: f32, weight: Weight) -> f32 {
        let face = &self.of(weight).1;
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(run);
        buffer.guess_segment_properties();
        let shaped = shape(face, &[], buffer);
        let units: i32 = shaped
            .glyph_positions()
            .iter()
            .map(|glyph| glyph.x_advance)
            .sum();
        // Advances of a line are far below where a float loses whole units.
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let (units, per_em) = (units as f32, face.units_per_em() as f32);
        units * size / per_em
    }

    /// A text in lines that are no wider than `width`. A word that is wider is cut.
    pub(super) fn wrap(&self, text: &str, size: f32, weight: Weight, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        let fits = |text: &str| self.width(text, size, weight) <= width;
        for word in text.split_whitespace() {
            let longer = if line.is_empty() {
                word.to_owned()
            } else {
                format!("{line} {word}")
            };
            if fits(&longer) {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                let longer = format!("{line}{letter}");
                if !line.is_empty() && !fits(&longer) {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(letter);
            }
        }
        if !line.is_empty() || lines.is_empty() {
            lines.push(line);
        }
        lines
    }
}

/// The parts of a text that are of one script each: shaping knows no mixture.
pub(super) fn runs(text: &str) -> impl Iterator<Item = &str> {
    let indic = |letter: char| matches!(letter, '\u{900}'..='\u{97F}' | '\u{A8E0}'..='\u{A8FF}' | '\u{200C}' | '\u{200D}');
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = rest
            .find(|letter| indic(letter) != indic(first))
            .unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        Some(run)
    })
}
