//! Those who share something with a student that is unique, or nearly: a code, a phone.

use gantry_db::{DbError, Tx, args, from_row, sql};
use gantry_kernel::{Scope, UnitId, fold};

use super::model::{StudentFields, StudentId};
use crate::phone::Phone;

/// Why a student cannot be entered or changed beside those that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clash {
    /// Somebody has the code.
    Code,
    /// Somebody has both phone and name: the same person.
    Person {
        /// Who.
        id: StudentId,
        /// Where.
        branch_id: UnitId,
    },
}

struct Neighbour {
    id: StudentId,
    branch_id: UnitId,
    phone: Phone,
    name_folded: String,
    code_folded: String,
}

from_row!(Neighbour {
    id,
    branch_id,
    phone,
    name_folded,
    code_folded
});

/// Everybody but `me` who has the phone or the code of these fields; one look answers all that is asked of them.
pub struct Neighbours<'a> {
    fields: &'a StudentFields,
    found: Vec<Neighbour>,
}

impl<'a> Neighbours<'a> {
    /// Looks in the whole tenant.
    pub async fn of(
        tx: &mut Tx,
        me: Option<StudentId>,
        fields: &'a StudentFields,
    ) -> Result<Self, DbError> {
        let code = fields.code.as_ref().map(super::model::Code::key);
        let mut found: Vec<Neighbour> = tx
            .all(
                sql!(
                    "select id, branch_id, phone, name_folded, code_folded from students
                     where phone = $1 or code_folded = $2 order by id"
                ),
                &args![fields.phone, code],
            )
            .await?;
        found.retain(|one| Some(one.id) != me);
        Ok(Self { fields, found })
    }

    /// Who has the code, or phone and name.
    #[must_use]
    pub fn clash(&self) -> Option<Clash> {
        let name = fold(self.fields.name.as_str());
        let mut phones = self.with_phone();
        if let Some(person) = phones.find(|one| one.name_folded == name) {
            return Some(Clash::Person {
                id: person.id,
                branch_id: person.branch_id,
            });
        }
        let code = self.fields.code.as_ref()?.key();
        let taken = self.found.iter().any(|one| one.code_folded == code);
        taken.then_some(Clash::Code)
    }

    /// Whether anybody within the scope has the phone.
    #[must_use]
    pub fn share_phone(&self, scope: &Scope) -> bool {
        self.with_phone()
            .any(|one| scope.covers_unit(one.branch_id))
    }

    fn with_phone(&self) -> impl Iterator<Item = &Neighbour> {
        self.found
            .iter()
            .filter(|one| one.phone == self.fields.phone)
    }
}
