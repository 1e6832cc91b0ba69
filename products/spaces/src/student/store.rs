//! The table `students`. Every function that finds one takes the scope: a student in a branch beyond it is
//! not there.

use std::collections::HashSet;

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{CivilDate, Scope, fold};

use super::model::{Code, Student, StudentFields, StudentId};
use crate::import::ImportId;
use crate::phone::Phone;

/// What `q` looks into. One line per part, so that no word matches across two of them.
fn search_key(name_folded: &str, code: &Code, phone: &Phone) -> String {
    format!("{name_folded}\n{}\n{}", fold(code.as_str()), phone.digits())
}

/// How a student comes in.
#[derive(Debug, Clone, Copy)]
pub struct Entrance<'a> {
    /// First day, when the fields name none.
    pub today: CivilDate,
    /// The import that brings the student.
    pub import_id: Option<ImportId>,
    /// Keys of codes that must not be made up, because later rows of the import carry them.
    pub reserved: &'a HashSet<String>,
}

/// Enters a student who clashes with nobody (see [`Neighbours`](super::neighbours::Neighbours)), and says how many there are then. Neither the branch nor the
/// scope is checked.
pub async fn insert(
    tx: &mut Tx,
    fields: &StudentFields,
    entrance: Entrance<'_>,
) -> Result<(Student, i64), DbError> {
    let Entrance {
        today,
        import_id,
        reserved,
    } = entrance;
    let code = match &fields.code {
        Some(code) => code.clone(),
        None => next_code(tx, reserved).await?,
    };
    let joined_on = fields.joined_on.unwrap_or(today);
    let id: StudentId = tx.kernel().id();
    let now = tx.now();
    let name_folded = fold(fields.name.as_str());
    let held = count_in(tx, 1).await?;
    let student = Student {
        id,
        branch_id: fields.branch_id,
        code,
        name: fields.name.clone(),
        phone: fields.phone.clone(),
        email: fields.email.clone(),
        guardian_name: fields.guardian_name.clone(),
        guardian_phone: fields.guardian_phone.clone(),
        date_of_birth: fields.date_of_birth,
        gender: fields.gender,
        joined_on,
        status: fields.status,
        notes: fields.notes.clone(),
        import_id,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    tx.execute(
        sql!(
            "insert into students (id, branch_id, code, code_folded, name, name_folded, phone, email,
                                   guardian_name, guardian_phone, date_of_birth, gender, joined_on,
                                   status, notes, search_key, import_id, version, created_at,
                                   updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                     $19, $19)"
        ),
        &args![
            student.id,
            student.branch_id,
            student.code,
            student.code.key(),
            student.name,
            name_folded,
            student.phone,
            student.email,
            student.guardian_name,
            student.guardian_phone,
            student.date_of_birth,
            student.gender,
            student.joined_on,
            student.status,
            student.notes,
            search_key(&name_folded, &student.code, &student.phone),
            student.import_id,
            student.version,
            now,
        ],
    )
    .await?;
    Ok((student, held))
}

/// The next free made-up code: `S-0001`, passing over those that people entered.
async fn next_code(tx: &mut Tx, reserved: &HashSet<String>) -> Result<Code, DbError> {
    loop {
        let number: i64 = tx
            .one(
                sql!(
                    "insert into spaces_numbers (kind, next_number) values ('student', 2)
                     on conflict (kind) do update set next_number = spaces_numbers.next_number + 1
                     returning next_number - 1"
                ),
                &args![],
            )
            .await?;
        let text = format!("S-{number:04}");
        let code: Code = text
            .parse()
            .map_err(|_| DbError::Other(format!("code {text}")))?;
        let taken: bool = tx
            .one(
                sql!("select exists (select 1 from students where code_folded = $1)"),
                &args![code.key()],
            )
            .await?;
        if !taken && !reserved.contains(&code.key()) {
            return Ok(code);
        }
    }
}

/// How many students there are, whatever their status. It is kept by whatever enters and removes them, as counting takes
/// longer the more there are.
pub async fn count(tx: &mut Tx) -> Result<i64, DbError> {
    tx.one(
        sql!("select held from spaces_counts where kind = 'student'"),
        &args![],
    )
    .await
}

/// So many more, or fewer; how many there are then.
pub(crate) async fn count_in(tx: &mut Tx, more: i64) -> Result<i64, DbError> {
    tx.one(
        sql!("update spaces_counts set held = held + $1 where kind = 'student' returning held"),
        &args![more],
    )
    .await
}

/// One student within the scope.
pub async fn by_id(tx: &mut Tx, scope: &Scope, id: StudentId) -> Result<Option<Student>, DbError> {
    tx.opt(
        sql!(
            "select id, branch_id, code, name, phone, email, guardian_name, guardian_phone,
                    date_of_birth, gender, joined_on, status, notes, import_id, version, created_at,
                    updated_at
             from students
             where id = $1 and ($2 = '*' or $2 like '%' || branch_id || '%')"
        ),
        &args![id, scope.unit_filter()],
    )
    .await
}

/// Writes a student over the version the caller saw; `None` when it moved on or is not there. A clash is
/// looked for before; one that slips in between is a unique violation.
pub async fn update(
    tx: &mut Tx,
    scope: &Scope,
    id: StudentId,
    version: i64,
    fields: &StudentFields,
    (code, joined_on): (&Code, CivilDate),
) -> Result<Option<Student>, DbError> {
    let now = tx.now();
    let name_folded = fold(fields.name.as_str());
    tx.opt(
        sql!(
            "update students
             set branch_id = $4, code = $5, code_folded = $6, name = $7, name_folded = $8,
                 phone = $9, email = $10, guardian_name = $11, guardian_phone = $12,
                 date_of_birth = $13, gender = $14, joined_on = $15, status = $16, notes = $17,
                 search_key = $18, version = version + 1, updated_at = $19
             where id = $1 and version = $3 and ($2 = '*' or $2 like '%' || branch_id || '%')
             returning id, branch_id, code, name, phone, email, guardian_name, guardian_phone,
                       date_of_birth, gender, joined_on, status, notes, import_id, version,
                       created_at, updated_at"
        ),
        &args![
            id,
            scope.unit_filter(),
            version,
            fields.branch_id,
            code,
            code.key(),
            fields.name,
            name_folded,
            fields.phone,
            fields.email,
            fields.guardian_name,
            fields.guardian_phone,
            fields.date_of_birth,
            fields.gender,
            joined_on,
            fields.status,
            fields.notes,
            search_key(&name_folded, code, &fields.phone),
            now,
        ],
    )
    .await
}

/// Removes a student of this version; whether there was one.
pub async fn delete(
    tx: &mut Tx,
    scope: &Scope,
    id: StudentId,
    version: i64,
) -> Result<bool, DbError> {
    let removed = tx
        .execute(
            sql!(
                "delete from students
                 where id = $1 and version = $3 and ($2 = '*' or $2 like '%' || branch_id || '%')"
            ),
            &args![id, scope.unit_filter(), version],
        )
        .await?;
    if removed > 0 {
        count_in(tx, -1).await?;
    }
    Ok(removed > 0)
}
