//! Which factors an account has, and since when.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::IdentityId;

use super::{Kind, recovery};
use crate::passkey;

/// What a change of factors made of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// It has a second factor now and had none before.
    First,
    /// It has none any more.
    Last,
    /// As before.
    Same,
}

/// The factors that an account can be proven with now.
pub(crate) async fn kinds(tx: &mut Tx, person: IdentityId) -> Result<Vec<Kind>, DbError> {
    let mut kinds = Vec::new();
    if super::totp::store::confirmed_at(tx, person)
        .await?
        .is_some()
    {
        kinds.push(Kind::Totp);
    }
    if !passkey::store::list(tx, person).await?.is_empty() {
        kinds.push(Kind::Passkey);
    }
    if recovery::store::left(tx, person).await? > 0 {
        kinds.push(Kind::RecoveryCode);
    }
    Ok(kinds)
}

/// Makes `identities.second_factor_since` say what is stored, after a factor was added or removed.
pub(super) async fn settle(tx: &mut Tx, person: IdentityId) -> Result<Settled, DbError> {
    let now = tx.now();
    let first = tx
        .execute(
            sql!(
                "update identities set second_factor_since = $2
                 where id = $1 and second_factor_since is null
                   and (exists (select 1 from totp t where t.identity_id = identities.id
                                and t.confirmed_at is not null)
                        or exists (select 1 from passkeys p where p.identity_id = identities.id))"
            ),
            &args![person, now],
        )
        .await?;
    if first > 0 {
        return Ok(Settled::First);
    }
    let last = tx
        .execute(
            sql!(
                "update identities set second_factor_since = null
                 where id = $1 and second_factor_since is not null
                   and not exists (select 1 from totp t where t.identity_id = identities.id
                                   and t.confirmed_at is not null)
                   and not exists (select 1 from passkeys p where p.identity_id = identities.id)"
            ),
            &args![person],
        )
        .await?;
    Ok(if last > 0 {
        Settled::Last
    } else {
        Settled::Same
    })
}
