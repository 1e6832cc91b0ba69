//! The stage: two tenants with something of every kind in them, and somebody of every kind to call.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join;
use gantry_testkit::{Client, Engine, Owner, Server, ServerOptions, SmtpSim, eventually};
use serde_json::{Value, json};

use super::cast::{Actor, Catalogue, Kind, log_in};
use super::desk;
use super::document::{Document, Operation};
use super::halls;
use super::row::Place;
use super::table::{document, sheet};

pub(super) const PATIENCE: Duration = Duration::from_mins(1);

pub(super) struct Stage {
    pub(super) document: Document,
    pub(super) catalogue: Catalogue,
    pub(super) actors: Vec<Actor>,
    /// The first tenant, with its first branch: members of one unit have this one.
    pub(super) first: Place,
    /// The first tenant, with its second branch.
    pub(super) second: Place,
    /// The second tenant.
    pub(super) other: Place,
    pub(super) mail: SmtpSim,
    serial: AtomicU64,
    pub(super) server: Server,
}

impl Stage {
    /// Makes everything through the API, with real mail.
    pub(super) async fn set(engine: Engine) -> Self {
        let mail = SmtpSim::start().await;
        let server = ServerOptions::new(engine)
            .mail(&mail)
            // Limits are tested elsewhere; here thousands of calls come from one address.
            .env("GANTRY_HTTP__LIMITS__OFF", "true")
            .env("GANTRY_IDENTITY__LOG_IN_PER_ACCOUNT", "1000/15m")
            .env("GANTRY_IDENTITY__MAIL_COOL_DOWN", "0s")
            .env("GANTRY_IDENTITY__STEP_UP", "1h")
            .env("GANTRY_IDENTITY__INVITATIONS_PER_PERSON", "10000/1h")
            .env("GANTRY_IDENTITY__INVITATIONS_PER_TENANT", "10000/1h")
            // A failure shows its table, not a line for each call.
            .env("GANTRY_LOG__LEVEL", "warn")
            .env(
                "GANTRY_HTTP__SECURITY_CONTACT",
                "mailto:security@example.com",
            )
            .start()
            .await;
        let client = server.client();
        let document = client.get("/api/openapi.json").await.expect(200).value();
        let (north, south) = join(
            Owner::ready(&client, &mail, "north"),
            Owner::ready(&client, &mail, "south"),
        )
        .await;
        let roles = north
            .client
            .get(&north.path("/identity/roles"))
            .await
            .expect(200)
            .value();
        let catalogue = Catalogue::read(&roles);

        let mut stage = Self {
            document: Document::read(&document),
            catalogue,
            actors: Vec::new(),
            first: Place::new(&north.slug, &north.client),
            second: Place::new(&north.slug, &north.client),
            other: Place::new(&south.slug, &south.client),
            mail,
            serial: AtomicU64::new(1),
            server,
        };
        stage.furnish(&north, &south).await;
        stage.fill_cast(&north, &south).await;
        stage.share(&north, &south).await;
        stage.mail_is_out().await;
        stage
    }

    /// A number that no other call gets.
    pub(super) fn next(&self) -> String {
        self.serial.fetch_add(1, Ordering::Relaxed).to_string()
    }

    pub(super) fn actor(&self, kind: &Kind) -> &Actor {
        self.actors
            .iter()
            .find(|actor| actor.kind == *kind)
            .unwrap()
    }

    /// The owner of the first tenant.
    pub(super) fn owner(&self) -> &Actor {
        self.actor(&Kind::over_all("owner"))
    }

    pub(super) fn operator(&self) -> &Actor {
        self.actor(&Kind::Operator)
    }

    /// The things an operation's ordinary call names, under a fresh serial number.
    pub(super) fn place_for(&self, operation: &Operation) -> Place {
        let mut place = self.first.with("serial", self.next());
        if operation.is_platform() {
            place.keeper = self.operator().client.clone();
        }
        place
    }

    /// Branches, students, imports, invitations, sessions.
    async fn furnish(&mut self, north: &Owner, south: &Owner) {
        for (owner, tenant) in [(north, "north"), (south, "south")] {
            let places = if tenant == "north" {
                vec![(&mut self.first, "One"), (&mut self.second, "Two")]
            } else {
                vec![(&mut self.other, "Three")]
            };
            for (place, name) in places {
                let serial = self.serial.fetch_add(1, Ordering::Relaxed);
                place.set("serial", serial.to_string());
                place.set("tenant_id", &owner.tenant);
                let branch = json!({"code": format!("B{serial}"), "name": format!("Hall {name}")});
                place.set("branch", created(owner, "/spaces/branches", &branch).await);
                let student_name = format!("Student of Hall {name}");
                let student = json!({
                    "branch_id": place["branch"], "name": student_name, "phone": format!("+9190000{serial:0>5}"),
                });
                place.set(
                    "student",
                    created(owner, "/spaces/students", &student).await,
                );
                place.set("student_name", student_name);
                desk::furnish(&owner.client, place).await;
                halls::furnish(owner, place).await;
                place.set("import", upload(&owner.client, place).await);
                place.set("file", upload_file(&owner.client, place).await);
                people(owner, place).await;
            }
        }
        for (owner, place) in [(north, &mut self.first), (south, &mut self.other)] {
            let role = json!({"title": "Reader", "permissions": ["spaces.student.read"]});
            let made = owner
                .client
                .post(&owner.path("/identity/roles"))
                .json(&role)
                .await;
            place.set("role", made.expect(201).text_at("/key"));
            let service = json!({"name": "Program", "grants": [{"role": "spaces.viewer"}]});
            place.set(
                "service",
                created(owner, "/identity/service-accounts", &service).await,
            );
            let keys = format!("/identity/service-accounts/{}/keys", place["service"]);
            place.set("key", created(owner, &keys, &json!({"name": "Key"})).await);
            let provider = json!({
                "name": "Own SSO", "issuer": "https://sso.example.com", "client_id": "gantry", "client_auth": "none",
            });
            place.set(
                "provider",
                created(owner, "/identity/providers", &provider).await,
            );
            let guest = format!("pending-{}@example.com", owner.slug);
            let invitation = json!({"email": guest, "role": "member"});
            place.set(
                "invitation",
                created(owner, "/identity/invitations", &invitation).await,
            );
            place.set(
                "token",
                self.mail
                    .wait_mail(&guest, "", PATIENCE)
                    .await
                    .parameter("token"),
            );
            place.set(
                "session",
                log_in(&owner.client, &owner.email, &owner.password, None)
                    .await
                    .id,
            );
        }
    }

    /// What every place knows, now that everybody is there.
    async fn share(&mut self, north: &Owner, south: &Owner) {
        let plain = Kind::over_all("member");
        let (member, outsider) = (
            self.actor(&plain).identity.clone(),
            self.actor(&Kind::Outsider).clone(),
        );
        let stranger = self.actor(&Kind::Elsewhere).identity.clone();
        let mails = self
            .operator()
            .client
            .get("/api/v1/admin/mails?page_size=1")
            .await
            .expect(200);
        let mail = mails.text_at("/items/0/id");
        for (name, from) in [
            ("invitation", "invitation"),
            ("token", "token"),
            ("session", "session"),
            ("role", "role"),
            ("provider", "provider"),
            ("service", "service"),
            ("key", "key"),
        ] {
            self.second.set(name, self.first[from].clone());
        }
        for (place, owner, member) in [
            (&mut self.first, north, &member),
            (&mut self.second, north, &member),
            (&mut self.other, south, &stranger),
        ] {
            place.set("member", member);
            place.set("owner", &outsider.identity);
            place.set("email", &outsider.email);
            place.set("password", &owner.password);
            place.set("mail", &mail);
            place.set("job", "01900000-0000-7000-8000-000000000000");
            place.set("code", "not_found");
        }
    }

    /// Waits until no mail is under way, so that lists stand still.
    pub(super) async fn mail_is_out(&self) {
        let client = &self.operator().client;
        eventually("the end of all mail", PATIENCE, async || {
            for state in ["queued", "sending"] {
                let path = format!("/api/v1/admin/mails?state={state}");
                let waiting = client.get(&path).await.expect(200).value();
                if waiting["items"] != json!([]) {
                    return Err(waiting.to_string());
                }
            }
            Ok(())
        })
        .await;
    }
}

async fn created(owner: &Owner, path: &str, body: &Value) -> String {
    owner
        .client
        .post(&owner.path(path))
        .json(body)
        .await
        .expect(201)
        .text_at("/id")
}

/// Uploads a file for the place's branch; the answer is the import's id.
pub(super) async fn upload(client: &Client, place: &Place) -> String {
    let path = format!(
        "/api/v1/tenants/{}/spaces/imports?default_branch={}",
        place["tenant"], place["branch"]
    );
    client
        .post(&path)
        .body("text/csv", sheet(place))
        .await
        .expect(201)
        .text_at("/id")
}

/// Uploads a document to the place's tenant and waits until it was looked into; the answer is the file's id.
pub(super) async fn upload_file(client: &Client, place: &Place) -> String {
    let path = format!("/api/v1/tenants/{}/files", place["tenant"]);
    let id = client
        .post(&path)
        .body("application/pdf", document(place))
        .await
        .expect(201)
        .text_at("/id");
    let path = format!("{path}/{id}");
    eventually("a file out of quarantine", PATIENCE, async || {
        let file = client.get(&path).await.expect(200).value();
        if file["state"] == "clean" {
            Ok(())
        } else {
            Err(file.to_string())
        }
    })
    .await;
    id
}

/// What is known of people at the place.
async fn people(owner: &Owner, place: &mut Place) {
    let (branch, student) = (place["branch"].clone(), place["student"].clone());
    let file = upload_file(&owner.client, place).await;
    let path = format!("/spaces/students/{student}/documents");
    let document = json!({"kind": "other", "file_id": file});
    place.set("document", created(owner, &path, &document).await);
    let path = format!("/spaces/students/{student}/numbers");
    let number = json!({"kind": "pan", "number": "ABCPE1234F"});
    place.set("number", created(owner, &path, &number).await);
    let phone = format!("+9190006{:0>5}", place["serial"]);
    let lead = json!({"branch_id": branch, "name": "Lead", "phone": phone, "source": "website"});
    place.set("lead", created(owner, "/spaces/leads", &lead).await);
    let reward = json!({"amount": 100, "currency": "INR"});
    let referral = json!({"lead_id": place["lead"], "referrer_id": student, "reward": reward});
    place.set(
        "referral",
        created(owner, "/spaces/referrals", &referral).await,
    );
    let ticket = json!({"branch_id": branch, "subject": "A lamp is broken"});
    place.set("ticket", created(owner, "/spaces/tickets", &ticket).await);
    let news = json!({"branch_id": branch, "title": "Wet paint"});
    place.set(
        "announcement",
        created(owner, "/spaces/announcements", &news).await,
    );
}
