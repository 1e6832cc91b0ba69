//! The cast comes together: members by mailed invitation, one for every role in every scope it may have, and
//! those who are no members.

use std::sync::Arc;

use futures_util::future::join_all;
use gantry_testkit::{Client, Owner, SecondFactor};
use serde_json::json;

use super::cast::{Actor, Grant, Kind, log_in, texts};
use super::row::Place;
use super::stage::{PATIENCE, Stage};
use super::table::PASSWORD;

impl Stage {
    /// One member for every role in every scope it may have, and everybody who is no member.
    pub(super) async fn fill_cast(&mut self, north: &Owner, south: &Owner) {
        let nobody = north.client.anonymous();
        self.actors
            .push(owner(north, "owner, all", Kind::over_all("owner")).await);
        self.actors
            .push(owner(south, "owner of another tenant", Kind::Elsewhere).await);

        let mut wanted = Vec::new();
        for (key, role) in self.catalogue.roles().filter(|(key, _)| *key != "owner") {
            for scope in &role.scopes {
                wanted.push(
                    self.join_by_mail(&self.first, Kind::Member(vec![Grant::new(key, scope)])),
                );
            }
        }
        let members = join_all(wanted).await;
        self.actors.extend(members);
        let mixed = self.with_two_roles().await;
        self.actors.push(mixed);

        for grant in [
            Grant::new("spaces.manager", "all"),
            Grant::new("spaces.receptionist", "units"),
            Grant::new("member", "all"),
        ] {
            let kind = Kind::Service(vec![grant.clone()]);
            let name = format!("key of a service: {}, {}", grant.role, grant.scope);
            let key = self.service(&self.first, &name, &grant, kind).await;
            self.actors.push(key);
        }
        let grant = Grant::new("spaces.manager", "all");
        let name = "key of another tenant's service";
        let key = self
            .service(&self.other, name, &grant, Kind::ServiceElsewhere)
            .await;
        self.actors.push(key);

        let outsider = self.join_by_mail(&self.other, Kind::Outsider).await;
        let membership = format!("/api/v1/me/memberships/{}", self.other["tenant"]);
        outsider.client.delete(&membership).await.expect(204).done();
        self.actors.push(outsider);
        let operator = self.set_up_operator(&nobody).await;
        let me = operator.client.get("/api/v1/me").await.expect(200).value();
        self.catalogue.platform = texts(&me["platform_permissions"]);
        self.actors.push(operator);
        let unguarded = self.operator_by_password(&nobody).await;
        self.actors.push(unguarded);
        self.actors.push(Actor {
            name: "nobody".to_owned(),
            kind: Kind::Nobody,
            client: nobody,
            email: String::new(),
            password: String::new(),
            identity: String::new(),
            factor: None,
        });
    }

    /// Sees the whole tenant and changes one branch: what one role reaches must not lend reach to another.
    async fn with_two_roles(&self) -> Actor {
        let grants = vec![
            Grant::new("spaces.viewer", "all"),
            Grant::new("spaces.manager", "units"),
        ];
        let mut actor = self
            .join_by_mail(&self.first, Kind::over_all("member"))
            .await;
        let path = format!(
            "/api/v1/tenants/{}/identity/members/{}",
            self.first["tenant"], actor.identity
        );
        let owner = &self.first.keeper;
        let etag = owner.get(&path).await.expect(200).etag();
        let body = json!({"grants": grants.iter().map(|grant| grant.json(&self.first["branch"])).collect::<Vec<_>>()});
        owner
            .put(&format!("{path}/grants"))
            .if_match(&etag)
            .json(&body)
            .await
            .expect(200)
            .done();
        actor.kind = Kind::Member(grants);
        Actor {
            name: "viewer of all, manager of one unit".to_owned(),
            ..actor
        }
    }

    /// Invites somebody, who follows the mailed link, makes an account and signs in.
    pub(super) async fn join_by_mail(&self, place: &Place, kind: Kind) -> Actor {
        let grant = match &kind {
            Kind::Member(grants) => grants[0].clone(),
            _ => Grant::new("member", "all"),
        };
        let email = format!("person-{}@example.com", self.next());
        let mut invitation = grant.json(&place["branch"]);
        invitation["email"] = json!(email);
        let path = format!("/api/v1/tenants/{}/identity/invitations", place["tenant"]);
        place
            .keeper
            .post(&path)
            .json(&invitation)
            .await
            .expect(201)
            .done();
        let token = self
            .mail
            .wait_mail(&email, "", PATIENCE)
            .await
            .parameter("token");
        let acceptance = json!({"token": token, "name": "Cast Person", "password": PASSWORD});
        let nobody = place.keeper.anonymous();
        nobody
            .post("/api/v1/auth/invitations/accept")
            .json(&acceptance)
            .await
            .expect(200)
            .done();
        let session = log_in(&nobody, &email, PASSWORD, None).await;
        let name = match &kind {
            Kind::Member(_) => format!("{}, {}", grant.role, grant.scope),
            _ => "outsider".to_owned(),
        };
        let (client, identity) = (session.client, session.identity);
        Actor {
            name,
            kind,
            client,
            email,
            password: PASSWORD.to_owned(),
            identity,
            factor: None,
        }
    }

    /// A program that calls with a key.
    async fn service(&self, place: &Place, name: &str, grant: &Grant, kind: Kind) -> Actor {
        let path = format!(
            "/api/v1/tenants/{}/identity/service-accounts",
            place["tenant"]
        );
        let body = json!({"name": name, "grants": [grant.json(&place["branch"])]});
        let made = place.keeper.post(&path).json(&body).await.expect(201);
        let identity = made.text_at("/id");
        let keys = format!("{path}/{identity}/keys");
        let key = place
            .keeper
            .post(&keys)
            .json(&json!({"name": "the matrix"}))
            .await
            .expect(201);
        Actor {
            name: name.to_owned(),
            kind,
            client: place.keeper.anonymous().with_bearer(key.text_at("/secret")),
            email: String::new(),
            password: String::new(),
            identity,
            factor: None,
        }
    }

    /// Follows the link that the first start printed.
    async fn set_up_operator(&self, nobody: &Client) -> Actor {
        let printed = self.server.output();
        let token: String = printed
            .split_once("#token=")
            .unwrap_or_else(|| panic!("no set-up link in\n{printed}"))
            .1
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            .collect();
        let email = "operator@example.com";
        let body =
            json!({"token": token, "email": email, "name": "Platform Staff", "password": PASSWORD});
        nobody
            .post("/api/v1/auth/set-up")
            .json(&body)
            .await
            .expect(201)
            .done();
        let session = log_in(nobody, email, PASSWORD, None).await;
        let factor = SecondFactor::set_up(&session.client).await;
        Actor {
            name: "operator".to_owned(),
            kind: Kind::Operator,
            client: session.client,
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            identity: session.identity,
            factor: Some(Arc::new(factor)),
        }
    }

    /// Made at the console, and not set up any further.
    async fn operator_by_password(&self, nobody: &Client) -> Actor {
        let file = self.server.databases().folder().join("operator-password");
        std::fs::write(&file, PASSWORD).unwrap();
        let (email, file) = ("second-operator@example.com", file.to_str().unwrap());
        let name = [
            "--name",
            "More Staff",
            "--operator",
            "--password-file",
            file,
        ];
        self.server
            .command(&[&["user", "create", email], &name[..]].concat());
        let session = log_in(nobody, email, PASSWORD, None).await;
        Actor {
            name: "operator by password alone".to_owned(),
            kind: Kind::Unguarded,
            client: session.client,
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            identity: session.identity,
            factor: None,
        }
    }
}

async fn owner(owner: &Owner, name: &str, kind: Kind) -> Actor {
    let me = owner.client.get("/api/v1/me").await.expect(200);
    Actor {
        name: name.to_owned(),
        kind,
        client: owner.client.clone(),
        email: owner.email.clone(),
        password: owner.password.clone(),
        identity: me.text_at("/identity"),
        factor: None,
    }
}
