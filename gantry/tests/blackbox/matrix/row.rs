//! How an operation is called: a row of the table, and the request it makes of a place.

use std::collections::BTreeMap;
use std::ops::Index;

use gantry_testkit::{Answer, Client};
use reqwest::Method;
use serde_json::Value;

use super::desk;
use super::document::{Document, Operation};
use super::halls;

/// Things that exist: what paths, queries and bodies name.
#[derive(Clone)]
pub(super) struct Place {
    values: BTreeMap<&'static str, String>,
    /// The tenant the things belong to, whatever tenant the call names.
    home: String,
    /// Somebody who may read the things at home.
    pub(super) keeper: Client,
}

impl Place {
    pub(super) fn new(tenant: &str, keeper: &Client) -> Self {
        let values = BTreeMap::from([("tenant", tenant.to_owned())]);
        Self {
            values,
            home: tenant.to_owned(),
            keeper: keeper.clone(),
        }
    }

    /// With one thing replaced by another.
    pub(super) fn with(&self, name: &'static str, value: impl Into<String>) -> Self {
        let mut place = self.clone();
        place.set(name, value);
        place
    }

    /// The same things, under the address of another tenant.
    pub(super) fn called_in(&self, tenant: &str) -> Self {
        self.with("tenant", tenant)
    }

    pub(super) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.values.insert(name, value.into());
    }

    /// What would give the place away in an answer; `narrow`: to somebody of another branch.
    pub(super) fn marks(&self, narrow: bool) -> impl Iterator<Item = &str> {
        const OF_A_BRANCH: [&str; 10] = [
            "branch",
            "student",
            "student_name",
            "import",
            "document",
            "number",
            "lead",
            "referral",
            "ticket",
            "announcement",
        ];
        const OF_A_TENANT: [&str; 7] = [
            "provider",
            "invitation",
            "member",
            "role",
            "service",
            "key",
            "tenant_id",
        ];
        let tenant = OF_A_TENANT.iter().filter(move |_| !narrow);
        OF_A_BRANCH
            .iter()
            .chain(&desk::THINGS)
            .chain(&halls::THINGS)
            .chain(tenant)
            .map(|thing| self[thing].as_str())
    }

    pub(super) fn has(&self, thing: &str) -> Option<&str> {
        self.values.get(thing).map(String::as_str)
    }
}

impl Index<&str> for Place {
    type Output = String;

    fn index(&self, name: &str) -> &String {
        self.values
            .get(name)
            .unwrap_or_else(|| panic!("the place has no {name}"))
    }
}

/// What is made for one call alone, because the call uses it up.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Fresh {
    /// A branch without students.
    Branch,
    /// A student of the place's branch.
    Student,
    /// A due of the place's student of which something is left.
    Due,
    /// A payment that waits for a second person.
    Waiting,
    /// A refund that waits for a second person.
    WaitingRefund,
    /// A zone without seats.
    Zone,
    /// A seat that nobody holds, in the place's zone.
    Seat,
    /// A shift in which nothing is claimed.
    Shift,
    /// A closure of the place's branch.
    Closure,
    /// A hold on a seat of its own in the place's shift.
    Claim,
    /// A draft that the caller uploaded.
    Import,
    /// A file that the caller uploaded.
    File,
    /// A document of the place's student.
    Document,
    /// A number of identity of the place's student.
    Number,
    /// A lead of the place's branch that nobody referred.
    Lead,
    /// A referral that is not earned.
    Referral,
    /// An announcement at the place's branch.
    Announcement,
    /// A member with no rights.
    Member,
    /// A role of the tenant's own that nobody holds.
    Role,
    /// A service account without grants.
    Service,
    /// A key of the place's service account.
    Key,
    /// A sign-in provider of the tenant's own.
    Provider,
    /// A pending invitation.
    Invitation,
    /// The same, with the token from its mail.
    InvitationMail,
    /// A session of the caller, who calls with it.
    Session,
    /// A member with no rights, who is the caller.
    Leaver,
    /// An active tenant.
    Tenant,
}

type Body = fn(&Place) -> Value;
type Sheet = fn(&Place) -> String;

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about an operation"
)]
/// One operation: the least that makes a call of it valid, and what is special about it.
pub(super) struct Row {
    pub(super) id: &'static str,
    aliases: Vec<(&'static str, &'static str)>,
    query: &'static str,
    body: Option<Body>,
    sheet: Option<(&'static str, Sheet)>,
    versioned: Option<&'static str>,
    pub(super) fresh: Vec<Fresh>,
    /// What an allowed caller may be told besides 2xx.
    pub(super) outcomes: Vec<(u16, &'static str)>,
    /// A thing named in query or body, and what naming one beyond the caller's reach comes to.
    pub(super) reach: Option<(&'static str, u16, &'static str)>,
    /// Things a list must hold.
    pub(super) shows: Vec<&'static str>,
    /// Whether that holds for members of one unit, too.
    pub(super) shows_narrow: bool,
    /// Whether only who made the thing may have it, whatever they were granted.
    pub(super) own: bool,
    /// Only one allowed caller calls.
    pub(super) once: bool,
    /// It ends the callers' sessions, so it comes after everything else.
    pub(super) last: bool,
}

impl Row {
    pub(super) fn new(id: &'static str) -> Self {
        Self {
            id,
            aliases: Vec::new(),
            query: "",
            body: None,
            sheet: None,
            versioned: None,
            fresh: Vec::new(),
            outcomes: Vec::new(),
            reach: None,
            shows: Vec::new(),
            shows_narrow: true,
            own: false,
            once: false,
            last: false,
        }
    }

    /// The path's parameter `name` is the place's `thing`.
    pub(super) fn alias(mut self, name: &'static str, thing: &'static str) -> Self {
        self.aliases.push((name, thing));
        self
    }

    pub(super) fn query(self, query: &'static str) -> Self {
        Self { query, ..self }
    }

    pub(super) fn json(self, body: Body) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }

    pub(super) fn csv(self, sheet: Sheet) -> Self {
        self.upload("text/csv", sheet)
    }

    /// The body is a file of this type.
    pub(super) fn upload(self, media: &'static str, file: Sheet) -> Self {
        Self {
            sheet: Some((media, file)),
            ..self
        }
    }

    /// Sends `If-Match` with the tag that this operation answers with.
    pub(super) fn versioned(self, by: &'static str) -> Self {
        Self {
            versioned: Some(by),
            ..self
        }
    }

    pub(super) fn fresh(mut self, fresh: Fresh) -> Self {
        self.fresh.push(fresh);
        self
    }

    pub(super) fn or(mut self, status: u16, code: &'static str) -> Self {
        self.outcomes.push((status, code));
        self
    }

    pub(super) fn reach(self, thing: &'static str, status: u16, code: &'static str) -> Self {
        Self {
            reach: Some((thing, status, code)),
            ..self
        }
    }

    pub(super) fn shows(mut self, thing: &'static str) -> Self {
        self.shows.push(thing);
        self
    }

    pub(super) fn only_own_when_narrow(self) -> Self {
        Self {
            shows_narrow: false,
            ..self
        }
    }

    pub(super) fn own(self) -> Self {
        Self { own: true, ..self }
    }

    pub(super) fn once(self) -> Self {
        Self { once: true, ..self }
    }

    pub(super) fn last(self) -> Self {
        Self { last: true, ..self }
    }

    /// The valid call of `operation` that names the things of `place`.
    pub(super) async fn request(
        &self,
        document: &Document,
        operation: &Operation,
        place: &Place,
    ) -> Request {
        let etag = match self.versioned {
            None => None,
            Some(by) => {
                let at_home = place.with("tenant", &place.home);
                let path = self.path(&document.operation(by).path, &at_home);
                Some(place.keeper.get(&path).await.expect(200).etag())
            }
        };
        let mut path = self.path(&operation.path, place);
        if !self.query.is_empty() {
            path = format!("{path}?{}", fill(self.query, |name| &place[name]));
        }
        let json = self.body.map(|body| body(place));
        let sheet = self.sheet.map(|(media, sheet)| (media, sheet(place)));
        Request {
            method: operation.method.clone(),
            path,
            etag,
            json,
            sheet,
        }
    }

    fn path(&self, template: &str, place: &Place) -> String {
        fill(template, |name| {
            let thing = self
                .aliases
                .iter()
                .find(|(alias, _)| *alias == name)
                .map_or(name, |(_, thing)| thing);
            &place[thing]
        })
    }
}

/// Replaces each name in braces.
fn fill<'a>(template: &str, value: impl Fn(&str) -> &'a String) -> String {
    let mut parts = template.split('{');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap();
        text.push_str(value(name));
        text.push_str(rest);
    }
    text
}

/// A call that can be sent by several callers.
#[derive(Clone)]
pub(super) struct Request {
    method: Method,
    path: String,
    etag: Option<String>,
    pub(super) json: Option<Value>,
    sheet: Option<(&'static str, String)>,
}

impl Request {
    /// The same without its query.
    pub(super) fn bare(&self) -> Self {
        let path = self.path.split('?').next().unwrap_or_default().to_owned();
        Self {
            path,
            ..self.clone()
        }
    }

    /// The same with one more query parameter.
    pub(super) fn narrowed(&self, name: &str, value: &str) -> Self {
        let mark = if self.path.contains('?') { '&' } else { '?' };
        Self {
            path: format!("{}{mark}{name}={value}", self.path),
            ..self.clone()
        }
    }

    /// The same, asking for the head of the answer only.
    pub(super) fn head(&self) -> Self {
        Self {
            method: Method::HEAD,
            ..self.clone()
        }
    }

    pub(super) async fn send(&self, client: &Client) -> Answer {
        let mut call = client.call(self.method.clone(), &self.path);
        if let Some(etag) = &self.etag {
            call = call.if_match(etag);
        }
        if let Some(json) = &self.json {
            call = call.json(json);
        }
        if let Some((media, sheet)) = &self.sheet {
            call = call.body(media, sheet.clone());
        }
        call.await
    }
}
