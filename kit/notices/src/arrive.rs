//! A notice's arrival in control.

use gantry_db::{DbError, Tx, args, sql};
use gantry_events::{Event, emit};
use gantry_kernel::IdentityId;

use crate::{MOST, NoticeId, Telling};

/// Writes the notice down for `person`, in control; `false` if they were told of this happening before.
pub async fn arrive(tx: &mut Tx, telling: &Telling, person: IdentityId) -> Result<bool, DbError> {
    let id: NoticeId = tx.kernel().id();
    let arrived = tx
        .execute(
            sql!(
                "insert into notices (id, person_id, tenant_id, kind, happening, subjects, at)
                 values ($1, $2, $3, $4, $5, $6, $7)
                 on conflict (happening, person_id) do nothing"
            ),
            &args![
                id,
                person,
                telling.tenant,
                telling.kind,
                telling.happening,
                telling.subjects,
                telling.at
            ],
        )
        .await?;
    if arrived == 0 {
        return Ok(false);
    }
    make_room(tx, person).await?;
    let event = Event::new("notify.notice.created").about(id);
    emit(tx, event.person(person)).await?;
    Ok(true)
}

async fn make_room(tx: &mut Tx, person: IdentityId) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "delete from notices where id in
             (select id from notices where person_id = $1
              order by case when read_at is null then 0 else 1 end, id desc
              limit 1000 offset $2)"
        ),
        &args![person, MOST],
    )
    .await
    .map(drop)
}
