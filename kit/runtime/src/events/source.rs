//! What a member of a tenant is told: the tenant's own events and control's about it, in the order of each.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_db::{ControlDb, DbError, Tenants};
use gantry_events::{Cursor, Hub, OPERATORS, Span, Subscription, Told};
use gantry_http::{EventSource, Message, Principal, Seen, StreamCx};
use gantry_kernel::{IdentityId, Problem, Scope, TenantId};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Streaming;

/// Events read at once from each database.
const PAGE: u32 = 100;
/// Between two looks of a reader that is woken for everything, should a waking be lost.
const POLL_HEARING: Duration = Duration::from_secs(5);
/// The same for one that nobody wakes when another process has something new.
const POLL_DEAF: Duration = Duration::from_secs(1);

/// The events of one open stream.
pub(crate) struct TenantEvents {
    control: ControlDb,
    tenants: Tenants,
    hub: Hub,
    tenant: TenantId,
    /// Whose account's events come along.
    person: Option<IdentityId>,
    cursor: Cursor,
    /// Said before anything else.
    greeting: Option<Message>,
    /// Read and not told yet, each with the place it leads to.
    loaded: Vec<(Told, Cursor)>,
    of_tenant: Subscription,
    of_person: Subscription,
    of_operators: Option<Subscription>,
    looked: Instant,
}

/// A page of one database.
struct Page {
    span: Span,
    told: Vec<Told>,
}

impl Page {
    fn is_full(&self) -> bool {
        self.told.len() >= PAGE as usize
    }

    /// How far it reaches: what is not on it and before that does not concern the reader.
    fn end(&self) -> i64 {
        match self.told.last() {
            Some(last) if self.is_full() => last.seq,
            _ => self.span.last,
        }
    }
}

impl TenantEvents {
    /// From where the client was, or from now on.
    pub(super) async fn begin(
        streaming: &Streaming,
        cx: &StreamCx,
        returns_to: Option<&str>,
    ) -> Result<Self, Problem> {
        let tenant = cx.tenant();
        // Before looking, so that nothing falls between.
        let of_tenant = streaming.hub.subscribe(tenant);
        let of_person = streaming.hub.subscribe(cx.principal().identity);
        let operates = !cx.principal().platform.is_empty();
        let of_operators = operates.then(|| streaming.hub.subscribe(OPERATORS));
        let (incarnation, own) = cx
            .db
            .read(async |tx| {
                let incarnation = gantry_events::incarnation(tx).await?;
                Ok::<_, DbError>((incarnation, gantry_events::span(tx).await?))
            })
            .await?;
        let about: Span = streaming
            .control
            .read(async |tx| gantry_events::span(tx).await)
            .await?;
        let now = Cursor::new(tenant, incarnation, own.last, about.last);
        let known = returns_to.map(|text| {
            text.parse::<Cursor>().ok().filter(|cursor| {
                cursor.same_stream(&now)
                    && own.continues(cursor.tenant)
                    && about.continues(cursor.control)
            })
        });
        let (cursor, first) = match known {
            None => (
                now.clone(),
                greeting("ready", &now, &json!({"resumed": false})),
            ),
            Some(Some(cursor)) => {
                let ready = greeting("ready", &cursor, &json!({"resumed": true}));
                (cursor, ready)
            }
            Some(None) => (now.clone(), greeting("reset", &now, &json!({}))),
        };
        Ok(Self {
            control: streaming.control.clone(),
            tenants: streaming.tenants.clone(),
            hub: streaming.hub.clone(),
            tenant,
            person: own_account(cx.principal()),
            cursor,
            greeting: Some(first),
            loaded: Vec::new(),
            of_tenant,
            of_person,
            of_operators,
            looked: Instant::now(),
        })
    }

    /// Whether there was anything.
    async fn look(&mut self) -> Result<bool, DbError> {
        if self.greeting.is_some() {
            return Ok(true);
        }
        self.looked = Instant::now();
        let (incarnation, own) = self.own().await?;
        let about = self.about().await?;
        let mut here = Cursor::new(
            self.tenant,
            incarnation,
            self.cursor.tenant,
            self.cursor.control,
        );
        let gap =
            !own.span.continues(self.cursor.tenant) || !about.span.continues(self.cursor.control);
        if gap || !here.same_stream(&self.cursor) {
            here = Cursor::new(self.tenant, incarnation, own.span.last, about.span.last);
            self.greeting = Some(greeting("reset", &here, &json!({})));
            self.cursor = here;
            return Ok(true);
        }
        let (end_of_own, end_of_about) = (own.end(), about.end());
        for told in own.told {
            here.tenant = told.seq;
            self.loaded.push((told, here.clone()));
        }
        here.tenant = end_of_own;
        for told in about.told {
            here.control = told.seq;
            self.loaded.push((told, here.clone()));
        }
        here.control = end_of_about;
        self.cursor = here;
        Ok(!self.loaded.is_empty())
    }

    /// The database is asked for each time: a restored tenant has another one.
    async fn own(&self) -> Result<(i64, Page), DbError> {
        let (db, after) = (self.tenants.get(self.tenant).await?, self.cursor.tenant);
        db.read(async move |tx| {
            let incarnation = gantry_events::incarnation(tx).await?;
            let span = gantry_events::span(tx).await?;
            let told = gantry_events::events_of_tenant(tx, after, PAGE).await?;
            Ok((incarnation, Page { span, told }))
        })
        .await
    }

    async fn about(&self) -> Result<Page, DbError> {
        let (tenant, person, after) = (self.tenant, self.person, self.cursor.control);
        self.control
            .read(async move |tx| {
                let span = gantry_events::span(tx).await?;
                let told = gantry_events::events_about(tx, tenant, person, after, PAGE).await?;
                Ok(Page { span, told })
            })
            .await
    }
}

impl EventSource for TenantEvents {
    fn load(&mut self) -> BoxFuture<'_, Result<bool, Problem>> {
        async move { self.look().await.map_err(Problem::from) }.boxed()
    }

    fn tell(&mut self, seen: &Seen) -> Vec<Message> {
        let known = self
            .loaded
            .drain(..)
            .filter(|(told, _)| may_know(told, seen));
        let told = known.map(|(told, here)| message(&told, &here));
        self.greeting.take().into_iter().chain(told).collect()
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        let pause = if self.hub.is_hearing() {
            POLL_HEARING
        } else {
            POLL_DEAF
        };
        let again = self.looked + pause;
        let Self {
            of_tenant,
            of_person,
            of_operators,
            ..
        } = self;
        async move {
            let for_operators = async {
                match of_operators {
                    Some(woken) => woken.woken().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = of_tenant.woken() => {}
                () = of_person.woken() => {}
                () = for_operators => {}
                () = tokio::time::sleep_until(again) => {}
            }
        }
        .boxed()
    }

    fn place(&self) -> String {
        self.cursor.to_string()
    }
}

/// Whose account's events come along: only those of a person in a session of their own. Staff who act as somebody, and
/// who came by one workspace's provider, have no business with the account.
fn own_account(principal: &Principal) -> Option<IdentityId> {
    let session = principal.session()?;
    let own = session.operator.is_none() && session.only.is_none();
    own.then_some(principal.identity)
}

/// See [`Told`].
fn may_know(told: &Told, seen: &Seen) -> bool {
    let meant = told.person_id == Some(seen.principal.identity);
    let Some(permission) = &told.permission else {
        return meant || told.person_id.is_none();
    };
    let Some(scope) = seen.access.scope_named(permission) else {
        // No tenant grants what the platform does: this is an event of the platform's.
        return seen.principal.platform.contains(permission);
    };
    meant
        || match told.unit_id {
            Some(unit) => scope.covers_unit(unit),
            None => scope == Scope::All,
        }
}

fn message(told: &Told, here: &Cursor) -> Message {
    let mut data = json!({"kind": told.kind, "at": told.at, "subjects": told.subjects});
    if let (Some(unit), Value::Object(members)) = (told.unit_id, &mut data) {
        members.insert("unit".to_owned(), json!(unit));
    }
    Message {
        event: None,
        id: here.to_string(),
        data,
    }
}

fn greeting(event: &'static str, here: &Cursor, data: &Value) -> Message {
    Message {
        event: Some(event),
        id: here.to_string(),
        data: data.clone(),
    }
}
