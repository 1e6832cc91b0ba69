//! A document on sheets of A4.

use super::fonts::{Fonts, Weight};
use super::sheet::{Hold, Sheet};
use crate::amount::{in_words, plain, shown};
use crate::document::{Document, Line, Party};
use crate::series::Kind;

const WIDTH: f32 = 595.28;
const HEIGHT: f32 = 841.89;
const LEFT: f32 = 40.0;
const RIGHT: f32 = WIDTH - 40.0;
const MIDDLE: f32 = 310.0;
/// Rows end above it.
const BOTTOM: f32 = HEIGHT - 70.0;
const SIZE: f32 = 9.0;
const STEP: f32 = 13.0;

/// Right edges of the columns with amounts: price, discount, taxable, rate, tax, total.
const COLUMNS: [(f32, &str); 6] = [
    (300.0, "Price"),
    (348.0, "Discount"),
    (408.0, "Taxable"),
    (442.0, "GST"),
    (495.0, "Tax"),
    (RIGHT, "Total"),
];
const HSN: f32 = 205.0;
const TEXT: f32 = LEFT + 18.0;

struct Writer<'a> {
    fonts: &'a Fonts,
    done: Vec<Sheet>,
    sheet: Sheet,
    y: f32,
}

impl Writer<'_> {
    fn put(&mut self, x: f32, hold: Hold, weight: Weight, text: &str) {
        self.sheet
            .text(self.fonts, (x, self.y), (SIZE, weight), hold, text);
    }

    fn rule(&mut self) {
        self.sheet.rule(LEFT, RIGHT, self.y);
    }

    /// Goes on with a new page when fewer than `room` points are left; whether it did.
    fn make_room(&mut self, room: f32) -> bool {
        if self.y + room <= BOTTOM {
            return false;
        }
        let full = std::mem::replace(&mut self.sheet, Sheet::new(WIDTH, HEIGHT));
        self.done.push(full);
        self.y = 60.0;
        true
    }

    /// A name and a value on one line, the value in bold if it matters most.
    fn sum(&mut self, name: &str, value: &str, weight: Weight) {
        self.make_room(STEP);
        self.put(495.0, Hold::Right, weight, name);
        self.put(RIGHT, Hold::Right, weight, value);
        self.y += STEP;
    }

    fn note(&mut self, text: &str) {
        for line in self.fonts.wrap(text, SIZE, Weight::Regular, RIGHT - LEFT) {
            self.make_room(STEP);
            self.put(LEFT, Hold::Left, Weight::Regular, &line);
            self.y += STEP;
        }
    }
}

/// The pages of a document.
pub(super) fn pages(document: &Document, fonts: &Fonts) -> Vec<Sheet> {
    let mut writer = Writer {
        fonts,
        done: Vec::new(),
        sheet: Sheet::new(WIDTH, HEIGHT),
        y: 58.0,
    };
    head(&mut writer, document);
    let taxed = document.kind != Kind::Receipt;
    header(&mut writer, taxed);
    for (at, line) in document.lines.iter().enumerate() {
        row(&mut writer, document, (at + 1, line), taxed);
    }
    writer.rule();
    writer.y += STEP;
    totals(&mut writer, document, taxed);
    tail(&mut writer, document);
    let Writer {
        mut done, sheet, ..
    } = writer;
    done.push(sheet);
    let number = done.len();
    for (at, sheet) in done.iter_mut().enumerate() {
        let text = format!("{}  ·  page {} of {number}", document.number, at + 1);
        let at = (RIGHT, HEIGHT - 34.0);
        sheet.text(fonts, at, (8.0, Weight::Regular), Hold::Right, &text);
    }
    done
}

fn head(writer: &mut Writer<'_>, document: &Document) {
    let fonts = writer.fonts;
    let title = (18.0, Weight::Bold);
    writer.sheet.text(
        fonts,
        (LEFT, writer.y),
        title,
        Hold::Left,
        document.title().as_str(),
    );
    writer.put(RIGHT, Hold::Right, Weight::Bold, &document.number);
    writer.y += STEP;
    let date = format!("Date: {}", document.issued_on);
    writer.put(RIGHT, Hold::Right, Weight::Regular, &date);
    writer.y += STEP;
    writer.rule();
    writer.y += STEP + 4.0;
    let top = writer.y;
    let from = party(writer, LEFT, "From", &document.seller);
    writer.y = top;
    let to = party(writer, MIDDLE, "To", &document.buyer);
    writer.y = from.max(to) + 4.0;
    if let Some(place) = document.place_of_supply {
        let text = format!("Place of supply: {} ({place})", place.name());
        writer.put(LEFT, Hold::Left, Weight::Regular, &text);
        writer.y += STEP;
    }
    if let Some(reference) = &document.refers_to {
        let text = format!(
            "Against invoice {} of {}",
            reference.number, reference.issued_on
        );
        writer.put(LEFT, Hold::Left, Weight::Regular, &text);
        writer.y += STEP;
    }
}

/// Writes a party in a column; where it ends.
fn party(writer: &mut Writer<'_>, x: f32, caption: &str, party: &Party) -> f32 {
    writer.put(x, Hold::Left, Weight::Regular, caption);
    writer.y += STEP;
    let width = RIGHT - MIDDLE;
    let state = party
        .state
        .map(|state| format!("State: {} ({state})", state.name()));
    let gstin = party.gstin.as_ref().map(|gstin| format!("GSTIN: {gstin}"));
    let phone = party.phone.as_ref().map(|phone| format!("Phone: {phone}"));
    let rest = [party.address.clone(), state, gstin, phone];
    let lines = rest
        .iter()
        .flatten()
        .map(|text| (text.as_str(), Weight::Regular));
    for (text, weight) in std::iter::once((party.name.as_str(), Weight::Bold)).chain(lines) {
        for line in writer.fonts.wrap(text, SIZE, weight, width) {
            writer.put(x, Hold::Left, weight, &line);
            writer.y += STEP;
        }
    }
    writer.y
}

fn header(writer: &mut Writer<'_>, taxed: bool) {
    writer.y += 4.0;
    writer.rule();
    writer.y += STEP;
    writer.put(LEFT, Hold::Left, Weight::Bold, "#");
    writer.put(TEXT, Hold::Left, Weight::Bold, "Description");
    if taxed {
        writer.put(HSN, Hold::Left, Weight::Bold, "HSN/SAC");
        for (x, name) in COLUMNS {
            writer.put(x, Hold::Right, Weight::Bold, name);
        }
    } else {
        writer.put(RIGHT, Hold::Right, Weight::Bold, "Amount");
    }
    writer.y += 5.0;
    writer.rule();
    writer.y += STEP;
}

fn row(writer: &mut Writer<'_>, document: &Document, (number, line): (usize, &Line), taxed: bool) {
    let width = if taxed {
        HSN - TEXT - 6.0
    } else {
        RIGHT - TEXT - 90.0
    };
    let lines = writer
        .fonts
        .wrap(&line.description, SIZE, Weight::Regular, width);
    if writer.make_room(STEP * 2.0) {
        header(writer, taxed);
    }
    writer.put(LEFT, Hold::Left, Weight::Regular, &number.to_string());
    let amount = |amount| plain(document.money(amount));
    if taxed {
        if let Some(hsn) = &line.hsn {
            writer.put(HSN, Hold::Left, Weight::Regular, &hsn.to_string());
        }
        let tax = line.cgst + line.sgst + line.igst;
        let cells = [
            amount(line.price),
            amount(line.discount),
            amount(line.taxable),
            percent(u32::from(line.rate.basis_points()) * 10),
            amount(tax),
            amount(line.total),
        ];
        for ((x, _), cell) in COLUMNS.iter().zip(&cells) {
            writer.put(*x, Hold::Right, Weight::Regular, cell);
        }
    } else {
        writer.put(RIGHT, Hold::Right, Weight::Regular, &amount(line.total));
    }
    for (at, text) in lines.iter().enumerate() {
        if at > 0 {
            writer.y += STEP;
            writer.make_room(STEP);
        }
        writer.put(TEXT, Hold::Left, Weight::Regular, text);
    }
    writer.y += STEP;
}

/// Thousandths of a percent: `9 %`, `2.5 %`.
pub(super) fn percent(thousandths: u32) -> String {
    let fraction = format!("{:03}", thousandths % 1_000);
    match fraction.trim_end_matches('0') {
        "" => format!("{} %", thousandths / 1_000),
        digits => format!("{}.{digits} %", thousandths / 1_000),
    }
}

/// `CGST 9 %`, when all taxed lines have one rate; else the name alone.
pub(super) fn tax_name(document: &Document, name: &str, half: bool) -> String {
    let mut rates = document.lines.iter().map(|line| line.rate);
    let first = rates.next();
    match first.filter(|first| rates.all(|rate| rate == *first)) {
        Some(rate) if half => format!("{name} {}", percent(rate.half_milli_percent())),
        Some(rate) => format!("{name} {}", percent(rate.half_milli_percent() * 2)),
        None => name.to_owned(),
    }
}

fn totals(writer: &mut Writer<'_>, document: &Document, taxed: bool) {
    let totals = document.totals;
    let amount = |amount| plain(document.money(amount));
    if taxed {
        writer.sum("Taxable value", &amount(totals.taxable), Weight::Regular);
        for (name, half, tax) in [
            ("CGST", true, totals.cgst),
            ("SGST", true, totals.sgst),
            ("IGST", false, totals.igst),
        ] {
            if tax != 0 {
                let name = tax_name(document, name, half);
                writer.sum(&name, &amount(tax), Weight::Regular);
            }
        }
    }
    writer.sum("Total", &shown(document.money(totals.total)), Weight::Bold);
    writer.y += 6.0;
    writer.note(&in_words(document.money(totals.total)));
}

fn tail(writer: &mut Writer<'_>, document: &Document) {
    if let Some(paid) = &document.paid {
        let reference = paid
            .reference
            .as_ref()
            .map_or_else(String::new, |r| format!(", {r}"));
        writer.note(&format!("Paid by {}{reference}", paid.method));
    }
    if let Some(reason) = &document.reason {
        writer.note(&format!("Reason: {reason}"));
    }
    if document.kind != Kind::Receipt && document.seller.gstin.is_some() {
        writer.note("Tax payable on reverse charge: No");
    }
    writer.make_room(STEP * 4.0);
    writer.y += STEP * 3.0;
    let signs = format!("For {}: authorised signatory", document.seller.name);
    writer.put(RIGHT, Hold::Right, Weight::Regular, &signs);
}
