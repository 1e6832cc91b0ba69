//! A page as a list of what is on it. Positions are in points from the top left corner.

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::text::TextDirection;

use super::PdfError;
use super::fonts::{Fonts, Weight, runs};

/// Where a text is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    Left,
    Middle,
    Right,
}

struct Words {
    x: f32,
    y: f32,
    size: f32,
    weight: Weight,
    text: String,
}

struct Rule {
    from: f32,
    to: f32,
    y: f32,
}

/// A page under way.
pub(super) struct Sheet {
    width: f32,
    height: f32,
    texts: Vec<Words>,
    rules: Vec<Rule>,
}

impl Sheet {
    pub(super) fn new(width: f32, height: f32) -> Self {
        Self {
            width,
            height,
            texts: Vec::new(),
            rules: Vec::new(),
        }
    }

    /// A page whose length is known only at its end.
    pub(super) fn cut(mut self, height: f32) -> Self {
        self.height = height;
        self
    }

    /// One line of text, held at `x`, standing on `y`.
    pub(super) fn text(
        &mut self,
        fonts: &Fonts,
        (x, y): (f32, f32),
        (size, weight): (f32, Weight),
        hold: Hold,
        text: &str,
    ) {
        let width = fonts.width(text, size, weight);
        let x = match hold {
            Hold::Left => x,
            Hold::Middle => x - width / 2.0,
            Hold::Right => x - width,
        };
        self.texts.push(Words {
            x,
            y,
            size,
            weight,
            text: text.to_owned(),
        });
    }

    /// A thin line across.
    pub(super) fn rule(&mut self, from: f32, to: f32, y: f32) {
        self.rules.push(Rule { from, to, y });
    }

    /// Puts the page at the end of a document.
    pub(super) fn draw(self, pdf: &mut Document, fonts: &Fonts) -> Result<(), PdfError> {
        let settings = PageSettings::from_wh(self.width, self.height);
        let settings = settings.ok_or_else(|| PdfError("a page has no size".to_owned()))?;
        let mut page = pdf.start_page_with(settings);
        let mut surface = page.surface();
        surface.set_stroke(Some(Stroke {
            paint: rgb::Color::new(120, 120, 120).into(),
            width: 0.6,
            ..Stroke::default()
        }));
        surface.set_fill(None);
        for rule in &self.rules {
            let mut path = PathBuilder::new();
            path.move_to(rule.from, rule.y);
            path.line_to(rule.to, rule.y);
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        surface.set_stroke(None);
        surface.set_fill(Some(Fill {
            paint: rgb::Color::new(20, 20, 20).into(),
            ..Fill::default()
        }));
        for text in &self.texts {
            let mut x = text.x;
            for run in runs(&text.text) {
                let at = Point::from_xy(x, text.y);
                let font = fonts.font(text.weight);
                surface.draw_text(at, font, text.size, run, false, TextDirection::LeftToRight);
                x += fonts.run_width(run, text.size, text.weight);
            }
        }
        surface.finish();
        page.finish();
        Ok(())
    }
}
