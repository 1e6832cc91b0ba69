//! The callers, and what each is to be told: worked out from the document and the role catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gantry_testkit::{Answer, Client, SecondFactor};
use serde_json::{Value, json};

use super::document::{Access, Operation};

/// Somebody who calls.
#[derive(Clone)]
pub(super) struct Actor {
    /// For the report.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) client: Client,
    pub(super) email: String,
    pub(super) password: String,
    pub(super) identity: String,
    /// Where the password is not enough.
    pub(super) factor: Option<Arc<SecondFactor>>,
}

/// What they are to the first tenant.
#[derive(Clone, PartialEq)]
pub(super) enum Kind {
    /// Without an account.
    Nobody,
    /// With an account, and a member of nothing.
    Outsider,
    /// An owner of the second tenant.
    Elsewhere,
    /// Staff of the platform, and a member of nothing.
    Operator,
    /// The same without a second factor.
    Unguarded,
    /// A member with these grants.
    Member(Vec<Grant>),
    /// A key of a service account with these grants.
    Service(Vec<Grant>),
    /// A key of a service account of the second tenant.
    ServiceElsewhere,
}

/// A role, and the kind of its scope.
#[derive(Clone, PartialEq)]
pub(super) struct Grant {
    pub(super) role: String,
    pub(super) scope: String,
}

impl Grant {
    pub(super) fn new(role: &str, scope: &str) -> Self {
        Self {
            role: role.to_owned(),
            scope: scope.to_owned(),
        }
    }

    /// As the API takes it, over this unit if over units.
    pub(super) fn json(&self, unit: &str) -> Value {
        let units = if self.scope == "units" {
            vec![unit]
        } else {
            Vec::new()
        };
        json!({"role": self.role, "scope": self.scope, "units": units})
    }
}

impl Kind {
    /// A member with one role over the whole tenant.
    pub(super) fn over_all(role: &str) -> Self {
        Self::Member(vec![Grant::new(role, "all")])
    }
}

/// A new session of somebody.
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) id: String,
    pub(super) identity: String,
    pub(super) refresh_token: String,
}

impl Actor {
    /// Signs in once more.
    pub(super) async fn log_in(&self) -> Session {
        log_in(
            &self.client,
            &self.email,
            &self.password,
            self.factor.as_deref(),
        )
        .await
    }

    /// Somebody of the first tenant, a person or a program.
    pub(super) fn is_member(&self) -> bool {
        matches!(self.kind, Kind::Member(_) | Kind::Service(_))
    }
}

/// Signs in as an API client.
pub(super) async fn log_in(
    client: &Client,
    email: &str,
    password: &str,
    factor: Option<&SecondFactor>,
) -> Session {
    let body = json!({"email": email, "password": password});
    let first = client
        .anonymous()
        .post("/api/v1/auth/sessions")
        .json(&body)
        .await;
    let answer = match factor {
        Some(factor) => factor.complete(client, first).await,
        None => first.expect(201),
    };
    Session {
        client: client.with_bearer(answer.text_at("/access_token")),
        id: answer.text_at("/session"),
        identity: answer.text_at("/identity"),
        refresh_token: answer.text_at("/refresh_token"),
    }
}

/// What a call is to come to.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Expected {
    /// A problem with this status and code.
    Refused(u16, &'static str),
    /// What was asked for.
    Served,
}

impl Expected {
    pub(super) fn text(self) -> String {
        match self {
            Self::Refused(status, code) => format!("{status} {code}"),
            Self::Served => "2xx".to_owned(),
        }
    }

    /// The status of the refusal.
    pub(super) fn status(self) -> Option<u16> {
        match self {
            Self::Refused(status, _) => Some(status),
            Self::Served => None,
        }
    }

    pub(super) fn is_met_by(self, answer: &Answer) -> bool {
        match self {
            Self::Refused(status, code) => {
                answer.status() == status && answer.problem_code().as_deref() == Some(code)
            }
            Self::Served => (200..300).contains(&answer.status()),
        }
    }
}

/// The roles that can be given, with what they carry, and what the operator holds.
pub(super) struct Catalogue {
    roles: BTreeMap<String, Role>,
    pub(super) platform: BTreeSet<String>,
}

pub(super) struct Role {
    pub(super) permissions: BTreeSet<String>,
    pub(super) scopes: BTreeSet<String>,
}

impl Catalogue {
    /// Reads the list of roles.
    pub(super) fn read(list: &Value) -> Self {
        let roles = list["items"].as_array().unwrap().iter().map(|role| {
            let key = role["key"].as_str().unwrap().to_owned();
            (
                key,
                Role {
                    permissions: texts(&role["permissions"]),
                    scopes: texts(&role["scopes"]),
                },
            )
        });
        Self {
            roles: roles.collect(),
            platform: BTreeSet::new(),
        }
    }

    pub(super) fn roles(&self) -> impl Iterator<Item = (&str, &Role)> {
        self.roles.iter().map(|(key, role)| (key.as_str(), role))
    }

    /// What `actor` is to be told by a tenant operation on the first tenant, and by any other.
    pub(super) fn expected(&self, operation: &Operation, actor: &Actor) -> Expected {
        use Expected::{Refused, Served};
        if actor.kind == Kind::Nobody && !operation.is_public() {
            return Refused(401, "unauthenticated");
        }
        let program = matches!(actor.kind, Kind::Service(_) | Kind::ServiceElsewhere);
        if program && !operation.is_public() && (!operation.is_tenant() || operation.step_up) {
            return Refused(403, "people_only");
        }
        match (&operation.access, &actor.kind) {
            (Access::Public | Access::SignedIn, _)
            | (Access::Member, Kind::Member(_) | Kind::Service(_)) => Served,
            (Access::Platform { permission }, Kind::Operator)
                if self.platform.contains(permission) =>
            {
                Served
            }
            (Access::Platform { permission }, Kind::Unguarded)
                if self.platform.contains(permission) =>
            {
                Refused(403, "second_factor_required")
            }
            (Access::Platform { .. }, _) => Refused(403, "permission_missing"),
            (
                Access::Tenant { permission, scopes },
                Kind::Member(grants) | Kind::Service(grants),
            ) => {
                let held: BTreeSet<String> =
                    self.reach(permission, grants).map(str::to_owned).collect();
                if held.is_empty() {
                    Refused(403, "permission_missing")
                } else if held.is_disjoint(scopes) {
                    Refused(403, "scope_missing")
                } else {
                    Served
                }
            }
            (Access::Tenant { .. } | Access::Member, _) => Refused(404, "not_found"),
        }
    }

    /// Whether `actor` reaches only some of what the operation is about.
    pub(super) fn is_narrow(&self, operation: &Operation, actor: &Actor) -> bool {
        match (&operation.access, &actor.kind) {
            (Access::Tenant { permission, .. }, Kind::Member(grants) | Kind::Service(grants)) => {
                self.reach(permission, grants).all(|scope| scope != "all")
            }
            _ => false,
        }
    }

    /// The scopes in which these grants carry the permission.
    fn reach<'a>(
        &'a self,
        permission: &'a str,
        grants: &'a [Grant],
    ) -> impl Iterator<Item = &'a str> {
        let carries =
            move |grant: &&Grant| self.roles[&grant.role].permissions.contains(permission);
        grants
            .iter()
            .filter(carries)
            .map(|grant| grant.scope.as_str())
    }
}

/// A list of texts as a set.
pub(super) fn texts(list: &Value) -> BTreeSet<String> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}
