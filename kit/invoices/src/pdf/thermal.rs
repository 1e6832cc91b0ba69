//! A document on a roll of 80 mm.

use super::a4::tax_name;
use super::fonts::{Fonts, Weight};
use super::sheet::{Hold, Sheet};
use crate::amount::{plain, shown};
use crate::document::Document;
use crate::series::Kind;

/// 80 mm, of which printers reach 72.
const WIDTH: f32 = 226.77;
const LEFT: f32 = 12.0;
const RIGHT: f32 = WIDTH - 12.0;
const SIZE: f32 = 8.0;
const STEP: f32 = 11.5;

struct Roll<'a> {
    fonts: &'a Fonts,
    sheet: Sheet,
    y: f32,
}

impl Roll<'_> {
    fn line(&mut self, x: f32, hold: Hold, weight: Weight, text: &str) {
        for line in self.fonts.wrap(text, SIZE, weight, RIGHT - LEFT) {
            self.sheet
                .text(self.fonts, (x, self.y), (SIZE, weight), hold, &line);
            self.y += STEP;
        }
    }

    fn middle(&mut self, weight: Weight, text: &str) {
        self.line(WIDTH / 2.0, Hold::Middle, weight, text);
    }

    fn left(&mut self, text: &str) {
        self.line(LEFT, Hold::Left, Weight::Regular, text);
    }

    /// A text on the left, in lines, and an amount on the right of the last.
    fn pair(&mut self, text: &str, amount: &str, weight: Weight) {
        let room = RIGHT - LEFT - self.fonts.width(amount, SIZE, weight) - 8.0;
        for line in self.fonts.wrap(text, SIZE, weight, room) {
            self.sheet.text(
                self.fonts,
                (LEFT, self.y),
                (SIZE, weight),
                Hold::Left,
                &line,
            );
            self.y += STEP;
        }
        let at = (RIGHT, self.y - STEP);
        self.sheet
            .text(self.fonts, at, (SIZE, weight), Hold::Right, amount);
    }

    fn rule(&mut self) {
        self.sheet.rule(LEFT, RIGHT, self.y - STEP / 2.0);
        self.y += STEP / 2.0;
    }
}

/// The one page of a document.
pub(super) fn pages(document: &Document, fonts: &Fonts) -> Vec<Sheet> {
    let mut roll = Roll {
        fonts,
        sheet: Sheet::new(WIDTH, WIDTH),
        y: 20.0,
    };
    let seller = &document.seller;
    roll.middle(Weight::Bold, &seller.name);
    for text in [&seller.address, &seller.phone].into_iter().flatten() {
        roll.middle(Weight::Regular, text);
    }
    if let Some(gstin) = &seller.gstin {
        roll.middle(Weight::Regular, &format!("GSTIN: {gstin}"));
    }
    roll.rule();
    roll.middle(Weight::Bold, document.title().as_str());
    roll.pair(
        &document.number,
        &document.issued_on.to_string(),
        Weight::Regular,
    );
    roll.left(&document.buyer.name);
    if let Some(reference) = &document.refers_to {
        roll.left(&format!(
            "Against {} of {}",
            reference.number, reference.issued_on
        ));
    }
    roll.rule();
    let amount = |amount| plain(document.money(amount));
    for line in &document.lines {
        let value = if document.kind == Kind::Receipt {
            line.total
        } else {
            line.taxable
        };
        roll.pair(&line.description, &amount(value), Weight::Regular);
    }
    roll.rule();
    let totals = document.totals;
    for (name, half, tax) in [
        ("CGST", true, totals.cgst),
        ("SGST", true, totals.sgst),
        ("IGST", false, totals.igst),
    ] {
        if tax != 0 {
            roll.pair(
                &tax_name(document, name, half),
                &amount(tax),
                Weight::Regular,
            );
        }
    }
    roll.pair("Total", &shown(document.money(totals.total)), Weight::Bold);
    if let Some(paid) = &document.paid {
        let reference = paid
            .reference
            .as_ref()
            .map_or_else(String::new, |r| format!(", {r}"));
        roll.left(&format!("Paid by {}{reference}", paid.method));
    }
    if let Some(reason) = &document.reason {
        roll.left(&format!("Reason: {reason}"));
    }
    let height = roll.y + 16.0;
    vec![roll.sheet.cut(height)]
}
