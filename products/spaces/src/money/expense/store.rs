//! The table `expenses`.

use gantry_db::{DbError, Tx, args, sql};
use gantry_kernel::{Scope, UnitId};

use super::{Expense, ExpenseId};

/// Keeps an expense.
pub async fn insert(tx: &mut Tx, expense: &Expense) -> Result<(), DbError> {
    tx.execute(
        sql!(
            "insert into expenses (id, branch_id, category, method, amount, currency, reference, note, paid_by, on_day,
                                   created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        ),
        &args![
            expense.id,
            expense.branch_id,
            expense.category,
            expense.method,
            expense.amount,
            expense.currency.as_str(),
            expense.reference,
            expense.note,
            expense.paid_by,
            expense.on_day,
            expense.created_at
        ],
    )
    .await?;
    Ok(())
}

/// Expenses within the scope, newest first, from after a place.
pub async fn page(
    tx: &mut Tx,
    scope: &Scope,
    branch: Option<UnitId>,
    after: Option<ExpenseId>,
    limit: i64,
) -> Result<Vec<Expense>, DbError> {
    tx.all(
        sql!(
            "select id, branch_id, category, method, amount, currency, reference, note, paid_by, on_day, created_at
             from expenses
             where ($1 = '*' or $1 like '%' || branch_id || '%')
               and (cast($2 as text) is null or branch_id = $2)
               and (cast($3 as text) is null or id < $3)
             order by id desc limit $4"
        ),
        &args![scope.unit_filter(), branch, after, limit],
    )
    .await
}
