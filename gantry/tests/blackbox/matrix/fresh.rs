//! Things that one call uses up, made right before it.

use gantry_testkit::{Client, eventually};
use serde_json::json;

use super::cast::{Actor, Kind};
use super::halls;
use super::row::{Fresh, Place};
use super::stage::{PATIENCE, Stage, upload, upload_file};

impl Stage {
    /// Makes what `fresh` says in `place` for a call of `caller`, who may change for it.
    pub(super) async fn freshen(
        &self,
        fresh: Fresh,
        caller: &Actor,
        client: &mut Client,
        place: &mut Place,
    ) {
        let serial = self.next();
        let tenant = format!("/api/v1/tenants/{}", place["tenant"]);
        let owner = &self.owner().client;
        match fresh {
            Fresh::Branch => {
                let body = json!({"code": format!("F{serial}"), "name": "Passing hall"});
                let path = format!("{tenant}/spaces/branches");
                place.set(
                    "branch",
                    owner
                        .post(&path)
                        .json(&body)
                        .await
                        .expect(201)
                        .text_at("/id"),
                );
            }
            Fresh::Student => {
                let phone = format!("+9190003{serial:0>5}");
                let body = json!({"branch_id": place["branch"], "name": "Passing Student", "phone": phone});
                let path = format!("{tenant}/spaces/students");
                place.set(
                    "student",
                    owner
                        .post(&path)
                        .json(&body)
                        .await
                        .expect(201)
                        .text_at("/id"),
                );
            }
            Fresh::Due | Fresh::Waiting | Fresh::WaitingRefund => {
                self.freshen_desk(fresh, place).await;
            }
            Fresh::Zone | Fresh::Seat | Fresh::Shift | Fresh::Closure | Fresh::Claim => {
                let spaces = format!("{tenant}/spaces");
                halls::make(owner, &spaces, fresh, &serial, place).await;
            }
            Fresh::Role => {
                let body = json!({"title": format!("Passing {serial}"), "permissions": ["spaces.student.read"]});
                let path = format!("{tenant}/identity/roles");
                let made = owner.post(&path).json(&body).await.expect(201);
                place.set("role", made.text_at("/key"));
            }
            Fresh::Service => {
                let body = json!({"name": format!("Passing program {serial}"), "grants": []});
                let path = format!("{tenant}/identity/service-accounts");
                let made = owner.post(&path).json(&body).await.expect(201);
                place.set("service", made.text_at("/id"));
            }
            Fresh::Key => {
                let path = format!(
                    "{tenant}/identity/service-accounts/{}/keys",
                    place["service"]
                );
                let body = json!({"name": format!("Passing key {serial}")});
                let made = owner.post(&path).json(&body).await.expect(201);
                place.set("key", made.text_at("/id"));
            }
            Fresh::Provider => {
                let body = json!({
                    "name": "Passing SSO", "issuer": format!("https://sso-{serial}.example.com"),
                    "client_id": "gantry", "client_auth": "none",
                });
                let path = format!("{tenant}/identity/providers");
                let made = owner.post(&path).json(&body).await.expect(201);
                place.set("provider", made.text_at("/id"));
            }
            Fresh::Import => place.set(
                "import",
                upload(client, &place.with("serial", serial)).await,
            ),
            Fresh::File => place.set("file", upload_file(client, place).await),
            Fresh::Document => {
                let path = format!("{tenant}/spaces/students/{}/documents", place["student"]);
                let file = upload_file(owner, place).await;
                let made = owner
                    .post(&path)
                    .json(&json!({"kind": "other", "file_id": file}));
                place.set("document", made.await.expect(201).text_at("/id"));
            }
            Fresh::Number => {
                let path = format!("{tenant}/spaces/students/{}/numbers", place["student"]);
                let number = format!("CARD-{serial:0>4}");
                let made = owner
                    .post(&path)
                    .json(&json!({"kind": "other", "number": number}));
                place.set("number", made.await.expect(201).text_at("/id"));
            }
            Fresh::Lead => place.set("lead", lead(owner, place, &serial).await),
            Fresh::Referral => {
                let lead = lead(owner, place, &serial).await;
                let reward = json!({"amount": 100, "currency": "INR"});
                let body =
                    json!({"lead_id": lead, "referrer_id": place["student"], "reward": reward});
                let path = format!("{tenant}/spaces/referrals");
                let made = owner.post(&path).json(&body).await.expect(201);
                place.set("referral", made.text_at("/id"));
            }
            Fresh::Announcement => {
                let body = json!({"branch_id": place["branch"], "title": "Passing news"});
                let path = format!("{tenant}/spaces/announcements");
                let made = owner.post(&path).json(&body).await.expect(201);
                place.set("announcement", made.text_at("/id"));
            }
            Fresh::Member => place.set("member", self.newcomer().await.identity),
            Fresh::Leaver => *client = self.newcomer().await.client,
            Fresh::Invitation | Fresh::InvitationMail => {
                let email = format!("guest-{serial}@example.com");
                let body = json!({"email": email, "role": "member"});
                let path = format!("{tenant}/identity/invitations");
                place.set(
                    "invitation",
                    owner
                        .post(&path)
                        .json(&body)
                        .await
                        .expect(201)
                        .text_at("/id"),
                );
                if fresh == Fresh::InvitationMail {
                    place.set(
                        "token",
                        self.mail
                            .wait_mail(&email, "", PATIENCE)
                            .await
                            .parameter("token"),
                    );
                }
            }
            Fresh::Session => {
                let who = if caller.kind == Kind::Nobody {
                    self.actor(&Kind::Outsider)
                } else {
                    caller
                };
                let session = who.log_in().await;
                place.set("session", session.id);
                place.set("refresh_token", session.refresh_token);
                if caller.kind != Kind::Nobody {
                    *client = session.client;
                }
            }
            Fresh::Tenant => place.set("tenant", self.new_tenant(&serial, &place["owner"]).await),
        }
    }

    /// A member of the first tenant with no rights.
    pub(super) async fn newcomer(&self) -> Actor {
        self.join_by_mail(&self.first, Kind::over_all("member"))
            .await
    }

    async fn new_tenant(&self, serial: &str, owner: &str) -> String {
        let operator = &self.operator().client;
        let slug = format!("passing-{serial}");
        let body = json!({"name": "Passing Space", "slug": slug, "owner_identity": owner});
        operator
            .post("/api/v1/admin/tenants")
            .json(&body)
            .await
            .expect(201)
            .done();
        let path = format!("/api/v1/admin/tenants/{slug}");
        eventually("an active tenant", PATIENCE, async || {
            let tenant = operator.get(&path).await.expect(200).value();
            if tenant["state"] == "active" {
                Ok(())
            } else {
                Err(tenant.to_string())
            }
        })
        .await;
        slug
    }
}

/// A lead of the place's branch.
async fn lead(owner: &Client, place: &Place, serial: &str) -> String {
    let body = json!({
        "branch_id": place["branch"], "name": "Passing Lead", "source": "phone", "phone": format!("+9190005{serial:0>5}"),
    });
    let path = format!("/api/v1/tenants/{}/spaces/leads", place["tenant"]);
    let made = owner.post(&path).json(&body).await.expect(201);
    made.text_at("/id")
}
