//! `Idempotency-Key`: the key, a fingerprint of the request and the encoded result are one row, written
//! in the transaction of the effect. A repeat finds the row and gets the result; two at once meet on the primary key.

use std::ops::DerefMut;
use std::time::Duration;

use gantry_db::{
    ControlDb, ControlTx, DbError, Migrations, TenantDb, TenantTx, Tx, args, migrations, sql,
};
use gantry_kernel::{Actor, Problem, crypto};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::{RequestContext, RequestInfo};
use crate::problem::codes;

/// How long a key is remembered.
const KEPT: Duration = Duration::from_hours(24);

/// Tables of this crate, the same in control and tenant databases.
pub const fn migrations() -> Migrations {
    const ALL: Migrations = migrations! {
        module: "http",
        control: ["0001_idempotency"],
        tenant: ["0001_idempotency"],
    };
    ALL
}

/// Removes rows whose keys are no longer remembered; for a schedule. Returns how many went.
pub async fn sweep_idempotency(tx: &mut Tx) -> Result<u64, DbError> {
    let oldest = tx.now().before(KEPT);
    tx.execute(
        sql!("delete from idempotency where created_at < $1"),
        &args![oldest],
    )
    .await
}

/// [`TenantCx::write_once`](crate::TenantCx::write_once) for effects in the control database.
pub async fn write_once_control<T, E, F, C>(db: &ControlDb, cx: &C, f: F) -> Result<T, Problem>
where
    C: RequestContext,
    F: AsyncFn(&mut ControlTx) -> Result<T, E> + Send + 'static,
    T: Serialize + DeserializeOwned + Send + 'static,
    E: From<DbError> + Into<Problem> + Send + 'static,
{
    let request = cx.request();
    let Some(claim) = Claim::of(request, &cx.actor())? else {
        return db.write(f).await.map_err(Into::into);
    };
    let done = db
        .write(async move |tx: &mut ControlTx| once(&claim, tx, &f).await)
        .await;
    conclude(request, done)
}

pub(crate) async fn write_tenant<T, E, F>(
    db: &TenantDb,
    request: &RequestInfo,
    actor: &Actor,
    f: F,
) -> Result<T, Problem>
where
    F: AsyncFn(&mut TenantTx) -> Result<T, E> + Send + 'static,
    T: Serialize + DeserializeOwned + Send + 'static,
    E: From<DbError> + Into<Problem> + Send + 'static,
{
    let Some(claim) = Claim::of(request, actor)? else {
        return db.write(f).await.map_err(Into::into);
    };
    let done = db
        .write(async move |tx: &mut TenantTx| once(&claim, tx, &f).await)
        .await;
    conclude(request, done)
}

/// The effect, or what it came to the first time.
async fn once<X, T, E, F>(claim: &Claim, tx: &mut X, f: &F) -> Result<Done<T>, Refusal<E>>
where
    X: DerefMut<Target = Tx>,
    F: AsyncFn(&mut X) -> Result<T, E>,
    T: Serialize + DeserializeOwned,
{
    if let Some(value) = claim.take(tx).await? {
        return Ok(Done {
            value,
            replayed: true,
        });
    }
    let value = f(tx).await.map_err(Refusal::Effect)?;
    claim.keep(tx, &value).await?;
    Ok(Done {
        value,
        replayed: false,
    })
}

struct Done<T> {
    value: T,
    replayed: bool,
}

fn conclude<T, E: Into<Problem>>(
    request: &RequestInfo,
    done: Result<Done<T>, Refusal<E>>,
) -> Result<T, Problem> {
    match done {
        Ok(done) => {
            if done.replayed {
                request.set_replayed();
            }
            Ok(done.value)
        }
        Err(Refusal::Effect(error)) => Err(error.into()),
        Err(Refusal::Db(error)) => Err(error.into()),
        Err(Refusal::Codec(error)) => Err(Problem::internal(error)),
        Err(Refusal::OtherRequest) => Err(Problem::invalid(
            codes::IDEMPOTENCY_KEY_REUSED.code,
            "this Idempotency-Key came before with another request",
        )),
    }
}

/// Why a write under a key did not happen.
enum Refusal<E> {
    Effect(E),
    Db(DbError),
    Codec(serde_json::Error),
    OtherRequest,
}

impl<E> From<DbError> for Refusal<E> {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// A handler that writes once on a route that does not promise it.
#[derive(Debug, thiserror::Error)]
#[error("{0} writes once without .idempotent() in its table of routes")]
struct Undeclared(&'static str);

/// One request's hold on its key.
struct Claim {
    principal: String,
    route: String,
    key: String,
    fingerprint: String,
}

impl Claim {
    /// `None` when the request carries no key.
    ///
    /// Errors: 500 on a route that does not say that it is idempotent, key or not. Clients would not learn of the promise,
    /// and the first test of the route is to find out.
    fn of(request: &RequestInfo, actor: &Actor) -> Result<Option<Self>, Problem> {
        if !request.is_idempotent() {
            return Err(Problem::internal(Undeclared(request.route())));
        }
        let Some(key) = request.idempotency_key()? else {
            return Ok(None);
        };
        let principal = match (actor.identity(), request.ip()) {
            (Some(identity), _) => identity.to_string(),
            (None, Some(ip)) => format!("address:{ip}"),
            (None, None) => actor.kind().to_owned(),
        };
        let mut whole = Vec::with_capacity(request.body().len() + 128);
        for part in [request.method().as_str(), request.path(), request.query()] {
            whole.extend_from_slice(part.as_bytes());
            whole.push(0);
        }
        whole.extend_from_slice(request.body());
        Ok(Some(Self {
            principal,
            route: format!("{} {}", request.method(), request.route()),
            key: key.to_owned(),
            fingerprint: crypto::sha256_hex(&whole),
        }))
    }

    /// Takes the key for this transaction (`None`), or finds what the first request with it got.
    async fn take<T: DeserializeOwned, E>(&self, tx: &mut Tx) -> Result<Option<T>, Refusal<E>> {
        let oldest = tx.now().before(KEPT);
        let taken = tx
            .execute(
                sql!(
                    "insert into idempotency (principal, route, key, fingerprint, reply, created_at) \
                     values ($1, $2, $3, $4, null, $5) \
                     on conflict (principal, route, key) do update \
                     set fingerprint = excluded.fingerprint, reply = null, created_at = excluded.created_at \
                     where idempotency.created_at < $6"
                ),
                &args![&self.principal, &self.route, &self.key, &self.fingerprint, tx.now(), oldest],
            )
            .await?;
        if taken == 1 {
            return Ok(None);
        }
        let (fingerprint, reply): (String, String) = tx
            .one(
                sql!(
                    "select fingerprint, reply from idempotency \
                     where principal = $1 and route = $2 and key = $3"
                ),
                &args![&self.principal, &self.route, &self.key],
            )
            .await?;
        if fingerprint != self.fingerprint {
            return Err(Refusal::OtherRequest);
        }
        serde_json::from_str(&reply)
            .map(Some)
            .map_err(Refusal::Codec)
    }

    /// Stores the result beside the effect.
    async fn keep<T: Serialize, E>(&self, tx: &mut Tx, value: &T) -> Result<(), Refusal<E>> {
        let reply = serde_json::to_string(value).map_err(Refusal::Codec)?;
        tx.execute(
            sql!(
                "update idempotency set reply = $4 \
                 where principal = $1 and route = $2 and key = $3"
            ),
            &args![&self.principal, &self.route, &self.key, &reply],
        )
        .await?;
        Ok(())
    }
}
