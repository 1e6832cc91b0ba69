//! What is printed can be read again, number by number.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use gantry_invoices::{
    Document, Kind, Line, Paid, Paper, Party, Pricing, Rate, Reference, Supply, Totals, pdf, tax,
};
use gantry_kernel::{Currency, Money};

fn line(description: &str, price: i64) -> Line {
    let money = Money::new(price, Currency::INR);
    let taxed = tax(money, Rate::STANDARD, Pricing::Inclusive, Supply::Within).unwrap();
    Line {
        description: description.to_owned(),
        hsn: Some("999294".parse().unwrap()),
        price,
        discount: 0,
        rate: Rate::STANDARD,
        taxable: taxed.taxable.amount,
        cgst: taxed.cgst.amount,
        sgst: taxed.sgst.amount,
        igst: 0,
        total: price,
    }
}

fn document(kind: Kind, lines: Vec<Line>) -> Document {
    Document {
        kind,
        number: "PUN/I2627/00042".to_owned(),
        issued_on: "2026-04-01".parse().unwrap(),
        currency: Currency::INR,
        seller: Party {
            name: "Asha Halls LLP".to_owned(),
            address: Some("1 MG Road, Pune 411001".to_owned()),
            gstin: Some("27AAPFU0939F1ZV".parse().unwrap()),
            state: Some("27".parse().unwrap()),
            phone: Some("+919876543210".to_owned()),
        },
        buyer: Party {
            name: "Priya Sharma / प्रिया शर्मा".to_owned(),
            address: None,
            gstin: None,
            state: None,
            phone: Some("+919000000001".to_owned()),
        },
        place_of_supply: Some("27".parse().unwrap()),
        totals: Totals::of(&lines).unwrap(),
        lines,
        refers_to: None,
        paid: None,
        reason: None,
    }
}

/// The text of all pages without white space, and how many pages there are.
fn read(bytes: &[u8]) -> (String, usize) {
    let pdf = lopdf::Document::load_mem(bytes).unwrap();
    let pages: Vec<u32> = pdf.get_pages().into_keys().collect();
    let text = pdf.extract_text(&pages).unwrap();
    (text.split_whitespace().collect(), pages.len())
}

#[track_caller]
fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        let bare: String = part.split_whitespace().collect();
        assert!(text.contains(&bare), "{part} is not in {text}");
    }
}

#[test]
fn an_invoice_says_everything_an_accountant_looks_for() {
    let invoice = document(
        Kind::Invoice,
        vec![line("Monthly, 2026-04-01 to 2026-04-30", 11_800_000)],
    );
    let bytes = pdf(&invoice, Paper::A4).unwrap();
    assert_eq!(bytes, pdf(&invoice, Paper::A4).unwrap(), "the same always");
    let (text, pages) = read(&bytes);
    assert_eq!(pages, 1);
    holds(
        &text,
        &[
            "Tax Invoice",
            "PUN/I2627/00042",
            "Date: 2026-04-01",
            "Asha Halls LLP",
            "1 MG Road, Pune 411001",
            "GSTIN: 27AAPFU0939F1ZV",
            "State: Maharashtra (27)",
            "Place of supply: Maharashtra (27)",
            "Priya Sharma",
            "Monthly, 2026-04-01 to",
            "999294",
            "1,18,000.00",
            "1,00,000.00",
            "18 %",
            "18,000.00",
            "CGST 9 %",
            "SGST 9 %",
            "9,000.00",
            "₹1,18,000.00",
            "Rupees One Lakh Eighteen Thousand Only",
            "reverse charge: No",
            "page 1 of 1",
        ],
    );
    assert!(!text.contains("IGST"));
    assert!(
        bytes.len() < 200_000,
        "{} bytes: the font is cut to what is used",
        bytes.len()
    );
}

#[test]
fn letters_of_devanagari_are_there_to_be_read() {
    let invoice = document(Kind::Invoice, vec![line("A", 100)]);
    let (text, _) = read(&pdf(&invoice, Paper::A4).unwrap());
    holds(&text, &["शर्मा"]);
}

#[test]
fn a_long_invoice_goes_on_over_its_pages() {
    let lines: Vec<Line> = (0..150)
        .map(|at| line(&format!("Line number {at} of many"), 1_000 + at))
        .collect();
    let invoice = document(Kind::Invoice, lines);
    let (text, pages) = read(&pdf(&invoice, Paper::A4).unwrap());
    assert!(pages > 2, "{pages}");
    for at in 0..150 {
        holds(&text, &[&format!("Line number {at} of many")]);
    }
    holds(
        &text,
        &[
            &format!("page {pages} of {pages}"),
            &gantry_invoices::shown(Money::new(invoice.totals.total, Currency::INR)),
        ],
    );
}

#[test]
fn a_receipt_fits_the_roll() {
    let mut receipt = document(
        Kind::Receipt,
        vec![line("Monthly, 2026-04-01 to 2026-04-30", 118_000)],
    );
    receipt.paid = Some(Paid {
        method: "UPI".to_owned(),
        reference: Some("412345678901".to_owned()),
    });
    let (text, pages) = read(&pdf(&receipt, Paper::Thermal).unwrap());
    assert_eq!(pages, 1);
    holds(
        &text,
        &[
            "Asha Halls LLP",
            "Receipt",
            "PUN/I2627/00042",
            "1,180.00",
            "₹1,180.00",
            "Paid by UPI, 412345678901",
        ],
    );
}

#[test]
fn a_credit_note_names_its_invoice() {
    let mut note = document(Kind::CreditNote, vec![line("Credited: Monthly", 59_000)]);
    note.refers_to = Some(Reference {
        number: "PUN/I2627/00007".to_owned(),
        issued_on: "2026-04-02".parse().unwrap(),
    });
    note.reason = Some("left in the middle of the month".to_owned());
    for paper in [Paper::A4, Paper::Thermal] {
        let (text, _) = read(&pdf(&note, paper).unwrap());
        holds(
            &text,
            &[
                "Credit Note",
                "PUN/I2627/00007",
                "2026-04-02",
                "590.00",
                "left in the middle of the month",
            ],
        );
    }
}
