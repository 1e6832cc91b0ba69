//! Issuing a document, in the transaction of what it is about.

use gantry_db::Tx;
use gantry_invoices::{
    Document, FiscalYear, Kind, Line, Paid, Party, Reference, StateCode, Totals,
};
use gantry_kernel::{CivilDate, Currency, UnitId};

use super::{DocumentId, Issued, store};
use crate::money::error::Error;
use crate::money::settings::{Profile, flow as settings};
use crate::student::Student;
use crate::student::flow::By;

/// What is to be issued.
#[derive(Debug, Clone)]
pub struct Paper {
    /// What it is.
    pub kind: Kind,
    /// The branch that issues it.
    pub branch: UnitId,
    /// The branch's day.
    pub day: CivilDate,
    /// The currency of its lines.
    pub currency: Currency,
    /// What for.
    pub lines: Vec<Line>,
    /// Where the supply is; the seller's state when absent.
    pub place_of_supply: Option<StateCode>,
    /// The invoice that a credit note takes back of.
    pub refers_to: Option<(DocumentId, Reference)>,
    /// How it was paid.
    pub paid: Option<Paid>,
    /// Why.
    pub reason: Option<String>,
}

/// Issues it under the next number of its series, with everything that is printed as it is now.
pub async fn issue(tx: &mut Tx, by: &By, student: &Student, paper: Paper) -> Result<Issued, Error> {
    let profile: Profile = settings::profile(tx, by, paper.branch).await?;
    let year = FiscalYear::of(paper.day);
    let number = store::next_number(tx, paper.branch, paper.kind, year).await?;
    let full = profile.prefix.number(paper.kind, year, number);
    let (refers_to, reference) = paper.refers_to.unzip();
    let document = Document {
        kind: paper.kind,
        number: full.ok_or(Error::SeriesFull)?,
        issued_on: paper.day,
        currency: paper.currency,
        place_of_supply: paper.place_of_supply.or(profile.state),
        seller: profile.party(),
        buyer: Party {
            name: student.name.to_string(),
            address: None,
            gstin: None,
            state: None,
            phone: Some(student.phone.to_string()),
        },
        totals: Totals::of(&paper.lines)?,
        lines: paper.lines,
        refers_to: reference,
        paid: paper.paid,
        reason: paper.reason,
    };
    let to = (paper.branch, student.id);
    Ok(store::insert(tx, to, (year, number), &document, refers_to).await?)
}
