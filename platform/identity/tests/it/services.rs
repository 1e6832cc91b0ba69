//! Service accounts and their keys: what a key opens, what it never opens, and how it ends.

use std::time::Duration;

use futures_util::future::{join, join_all};
use gantry_db::{args, sql};
use gantry_kernel::TenantId;
use gantry_testkit::{Engine, both_engines};
use serde_json::{Value, json};

use crate::app::{Answer, App, Ask};

const BASE: &str = "/api/v1/tenants/north-hall/identity";
const DAY: u64 = 86_400;

async fn app(engine: Engine) -> (App, TenantId, String) {
    let app = App::new(engine).await;
    let (tenant, _) = app.owner("owner@example.com", "North Hall").await;
    let (access, _) = app.tokens("owner@example.com").await;
    (app, tenant, access)
}

fn accounts() -> String {
    format!("{BASE}/service-accounts")
}

fn one(service: &str) -> String {
    format!("{BASE}/service-accounts/{service}")
}

async fn make(app: &App, access: &str, name: &str, grants: Value) -> Answer {
    let body = json!({ "name": name, "grants": grants });
    app.send(Ask::post(&accounts()).bearer(access).json(body))
        .await
}

/// The id of a new account.
async fn service(app: &App, access: &str, name: &str, grants: Value) -> String {
    let made = make(app, access, name, grants).await;
    assert_eq!(made.status, 201, "{:?}", made.json);
    made.text("id")
}

async fn make_key(app: &App, access: &str, service: &str, body: Value) -> Answer {
    let path = format!("{}/keys", one(service));
    app.send(Ask::post(&path).bearer(access).json(body)).await
}

/// A new key: its id and its secret.
async fn key(app: &App, access: &str, service: &str) -> (String, String) {
    let made = make_key(app, access, service, json!({ "name": "a key" })).await;
    assert_eq!(made.status, 201, "{:?}", made.json);
    (made.text("id"), made.text("secret"))
}

async fn update(app: &App, access: &str, service: &str, version: i64, body: Value) -> Answer {
    let ask = Ask::put(&one(service))
        .bearer(access)
        .header("if-match", &format!("\"v{version}\""));
    app.send(ask.json(body)).await
}

async fn role(app: &App, access: &str, title: &str, permissions: &[&str]) -> String {
    let body = json!({ "title": title, "permissions": permissions });
    let ask = Ask::post(&format!("{BASE}/roles"))
        .bearer(access)
        .json(body);
    let made = app.send(ask).await;
    assert_eq!(made.status, 201, "{:?}", made.json);
    made.text("key")
}

/// An account that may read the members, and a key of it: ids of both, and the secret.
async fn reader(app: &App, access: &str) -> (String, String, String) {
    let reads = role(app, access, "Reader", &["identity.member.read"]).await;
    let service = service(app, access, "reader", json!([{ "role": reads }])).await;
    let (id, secret) = key(app, access, &service).await;
    (service, id, secret)
}

async fn get(app: &App, secret: &str, path: &str) -> u16 {
    app.send(Ask::get(&format!("{BASE}/{path}")).bearer(secret))
        .await
        .status
}

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

fn field(answer: &Answer) -> (u16, String, String) {
    let error = &answer.json["errors"][0];
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (answer.status, text("pointer"), text("code"))
}

both_engines! {
    /// A key that is bound to networks is of no use elsewhere, and shows from where it was used last.
    async fn a_key_is_bound_to_its_networks(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let reads = role(&app, &access, "Reader", &["identity.member.read"]).await;
        let service = service(&app, &access, "reader", json!([{ "role": reads }])).await;
        for (networks, place) in [
            (json!([]), "/networks"),
            (json!(["192.0.2.0/24", "example.com"]), "/networks/1"),
            (json!(["192.0.2.0/40"]), "/networks/0"),
        ] {
            let refused = make_key(&app, &access, &service, json!({ "name": "a", "networks": networks })).await;
            assert_eq!(field(&refused), (422, place.into(), "network_invalid".into()));
        }
        let body = json!({ "name": "bound", "networks": ["192.0.2.77/24", "2001:db8::1"] });
        let made = make_key(&app, &access, &service, body).await;
        assert_eq!(made.json["networks"], json!(["192.0.2.0/24", "2001:db8::1/128"]), "{:?}", made.json);
        let (id, secret) = (made.text("id"), made.text("secret"));
        let from = |place: &str| Ask::get(&format!("{BASE}/members")).bearer(&secret).from(place);
        // The first answer is kept for a moment; it does not let anybody else in.
        for (place, status) in [("192.0.2.9", 200), ("192.0.3.9", 401), ("2001:db8::1", 200), ("2001:db8::2", 401), ("::ffff:192.0.2.9", 200)] {
            assert_eq!(app.send(from(place)).await.status, status, "{place}");
        }
        assert_eq!(get(&app, &secret, "members").await, 401, "from an unknown address");
        let shown = app.send(Ask::get(&format!("{}/keys", one(&service))).bearer(&access)).await;
        assert_eq!((&shown.json["items"][0]["id"], &shown.json["items"][0]["last_used_ip"]), (&json!(id), &json!("192.0.2.9")));
        let audit = app.send(Ask::get(&format!("{BASE}/audit?target_kind=api_key")).bearer(&access)).await;
        assert_eq!(audit.json["items"][0]["after"]["networks"], json!(["192.0.2.0/24", "2001:db8::1/128"]));
        let (_, anywhere) = key(&app, &access, &service).await;
        assert_eq!(get(&app, &anywhere, "members").await, 200);
    }

    /// Made, given a key, used, seen, changed, disabled, removed.
    async fn a_service_account_lives(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let reads = role(&app, &access, "Reader", &["identity.member.read"]).await;
        let made = make(&app, &access, " Nightly  report ", json!([{ "role": reads }])).await;
        assert_eq!((made.status, made.text("name")), (201, "Nightly report".to_owned()), "{:?}", made.json);
        assert_eq!(made.json["grants"], json!([{ "role": reads, "scope": "all", "units": [] }]));
        let service = made.text("id");
        assert_eq!(made.headers["location"], one(&service).as_str());
        assert_eq!(refusal(&make(&app, &access, "NIGHTLY REPORT", json!([])).await), (409, "service_name_taken".into()));
        let shown = make_key(&app, &access, &service, json!({ "name": "cron on db1" })).await;
        assert_eq!(shown.status, 201, "{:?}", shown.json);
        let secret = shown.text("secret");
        assert!(secret.starts_with(&format!("{}_", shown.text("prefix"))) && secret.starts_with("gantry_sk_"), "{secret}");
        assert_eq!((get(&app, &secret, "members").await, get(&app, &secret, "audit").await), (200, 403));

        let list = app.send(Ask::get(&format!("{}/keys", one(&service))).bearer(&access)).await;
        let seen = &list.json["items"][0];
        assert_eq!((&seen["name"], &seen["prefix"], &seen["revoked_at"]), (&json!("cron on db1"), &json!(shown.text("prefix")), &Value::Null));
        assert!(seen["last_used_at"].is_string() && seen.get("secret").is_none(), "{seen}");
        let all = app.send(Ask::get(&accounts()).bearer(&access)).await;
        assert_eq!(all.json["items"].as_array().unwrap().len(), 1);

        let nothing = json!({ "name": "Nightly report", "grants": [], "disabled": false });
        let changed = update(&app, &access, &service, 1, nothing.clone()).await;
        assert_eq!((changed.status, &changed.json["version"]), (200, &json!(2)), "{:?}", changed.json);
        assert_eq!(get(&app, &secret, "members").await, 403, "nothing is left to it, at once");
        assert_eq!(refusal(&update(&app, &access, &service, 1, nothing).await), (412, "version_mismatch".into()));
        let off = json!({ "name": "Nightly report", "grants": [{ "role": reads }], "disabled": true });
        assert!(update(&app, &access, &service, 2, off).await.json["disabled_at"].is_string());
        assert_eq!(get(&app, &secret, "members").await, 401, "disabled, at once");
        let on = json!({ "name": "Nightly report", "grants": [{ "role": reads }], "disabled": false });
        assert_eq!(update(&app, &access, &service, 3, on).await.json["disabled_at"], Value::Null);
        assert_eq!(get(&app, &secret, "members").await, 200);
        assert_eq!(app.send(Ask::delete(&one(&service)).bearer(&access)).await.status, 204);
        assert_eq!(get(&app, &secret, "members").await, 401, "removed, at once");
        assert_eq!(app.send(Ask::get(&one(&service)).bearer(&access)).await.status, 404);
        assert_eq!(app.count(sql!("select count(*) from api_keys")).await, 0);
        for action in ["service.created", "service.deleted", "api_key.created"] {
            assert_eq!(app.audited(&format!("identity.{action}")).await, 1, "{action}");
        }
        assert_eq!(app.audited("identity.service.changed").await, 3);
    }

    /// Revoked, expired, of another process's doing: a key ends at once here, and within half a second elsewhere.
    async fn a_key_ends(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let (service, id, secret) = reader(&app, &access).await;
        let (_, other) = key(&app, &access, &service).await;
        assert_eq!(get(&app, &secret, "members").await, 200);
        let revoke = || Ask::delete(&format!("{}/keys/{id}", one(&service))).bearer(&access);
        assert_eq!(app.send(revoke()).await.status, 204);
        assert_eq!(get(&app, &secret, "members").await, 401);
        assert_eq!(get(&app, &other, "members").await, 200, "the other one is not touched");
        assert_eq!(app.send(revoke()).await.status, 204, "once more is no error");
        assert_eq!(app.audited("identity.api_key.revoked").await, 1);

        for (change, undo) in [
            (sql!("update api_keys set revoked_at = 1"), sql!("update api_keys set revoked_at = null")),
            (sql!("update service_accounts set disabled_at = 1"), sql!("update service_accounts set disabled_at = null")),
            (sql!("update api_keys set expires_at = 1"), sql!("update api_keys set expires_at = created_at + 86400000000")),
        ] {
            app.clock.advance(Duration::from_millis(500));
            assert_eq!(get(&app, &other, "members").await, 200);
            app.control.write(async move |tx| tx.execute(change, &args![]).await).await.unwrap();
            app.clock.advance(Duration::from_millis(499));
            assert_eq!(get(&app, &other, "members").await, 200, "the answer is kept for a moment");
            app.clock.advance(Duration::from_millis(1));
            assert_eq!(get(&app, &other, "members").await, 401, "{change:?}");
            app.control.write(async move |tx| tx.execute(undo, &args![]).await).await.unwrap();
        }
        // Three seconds have passed above.
        app.pass(DAY - 4);
        assert_eq!(get(&app, &other, "members").await, 200);
        app.pass(1);
        assert_eq!(get(&app, &other, "members").await, 401, "a day later it has expired, at that very instant");
    }

    /// Every key has an end, and none is later than allowed.
    async fn a_key_lives_as_long_as_it_may(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let service = service(&app, &access, "robot", json!([])).await;
        let at = |seconds: u64| (app.kernel.now() + Duration::from_secs(seconds)).to_string();
        let usual = make_key(&app, &access, &service, json!({ "name": "k" })).await;
        assert_eq!(usual.text("expires_at"), at(90 * DAY));
        for (end, allowed) in [(at(1), true), (at(365 * DAY), true), (at(0), false), (at(365 * DAY + 1), false), ("1970-01-01T00:00:00Z".into(), false)] {
            let made = make_key(&app, &access, &service, json!({ "name": "k", "expires_at": end })).await;
            if allowed {
                assert_eq!(made.status, 201, "{end}");
            } else {
                assert_eq!(field(&made), (422, "/expires_at".into(), "lifetime_invalid".into()), "{end}");
            }
        }
    }

    /// A key made for a part of what its account may do does that part, whatever the account is given later.
    async fn a_narrow_key_does_less(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let both = role(&app, &access, "Both", &["identity.member.read", "identity.audit.read"]).await;
        let service = service(&app, &access, "robot", json!([{ "role": both }])).await;
        let narrow = |permissions: Value| make_key(&app, &access, &service, json!({ "name": "n", "permissions": permissions }));
        let made = narrow(json!(["identity.audit.read", "spaces.student.read"])).await;
        assert_eq!(made.json["permissions"], json!(["identity.audit.read", "spaces.student.read"]));
        let secret = made.text("secret");
        assert_eq!((get(&app, &secret, "members").await, get(&app, &secret, "audit").await), (403, 200));
        assert_eq!(field(&narrow(json!(["identity.audit.read", "all"])).await), (422, "/permissions/1".into(), "permission_invalid".into()));
        assert_eq!(field(&narrow(json!([])).await), (422, "/permissions".into(), "permission_invalid".into()));
    }

    /// What only people do is in no service account's reach: not by a role at the start, not by one that grew, and not
    /// by a row that says so.
    async fn a_key_decides_about_nobody(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let grown = role(&app, &access, "Grown", &["identity.member.read"]).await;
        for reserved in ["identity.member.manage", "identity.role.manage", "identity.service.manage"] {
            let key = role(&app, &access, &format!("With {reserved}"), &[reserved]).await;
            let refused = make(&app, &access, "robot", json!([{ "role": grown }, { "role": key }])).await;
            assert_eq!(field(&refused), (422, "/grants/1/role".into(), "role_for_people".into()), "{reserved}");
        }
        for role in ["owner", "admin", "people.host"] {
            let refused = make(&app, &access, "robot", json!([{ "role": role }])).await;
            assert_eq!(field(&refused), (422, "/grants/0/role".into(), "role_for_people".into()), "{role}");
        }
        let service = service(&app, &access, "robot", json!([{ "role": grown }])).await;
        let (id, secret) = key(&app, &access, &service).await;
        let all = ["identity.member.read", "identity.member.manage", "identity.role.manage", "identity.service.manage", "identity.service.read"];
        let body = json!({ "title": "Grown", "permissions": all });
        let grow = Ask::put(&format!("{BASE}/roles/{grown}")).bearer(&access).header("if-match", "\"v1\"").json(body.clone());
        assert_eq!(app.send(grow).await.status, 200);
        let myself = service.clone();
        app.control
            .write(async move |tx| {
                tx.execute(sql!("insert into service_grants (service_id, role, scope, units, created_at) values ($1, 'owner', 'all', '', 0)"), &args![myself]).await
            })
            .await
            .unwrap();
        app.pass(1);
        assert_eq!(get(&app, &secret, "service-accounts").await, 200, "to see is no harm");
        let tag = |ask: Ask| ask.bearer(&secret).header("if-match", "\"v1\"");
        let owner = app.send(Ask::get("/api/v1/me").bearer(&access)).await.text("identity");
        for ask in [
            Ask::post(&format!("{BASE}/invitations")).json(json!({ "email": "friend@example.com", "role": "member" })),
            Ask::put(&format!("{BASE}/members/{owner}/grants")).json(json!({ "grants": [] })),
            Ask::put(&format!("{BASE}/members/{service}/grants")).json(json!({ "grants": [{ "role": "owner" }] })),
            Ask::delete(&format!("{BASE}/members/{owner}")),
            Ask::post(&format!("{BASE}/roles")).json(json!({ "title": "Mine", "permissions": ["identity.member.read"] })),
            Ask::put(&format!("{BASE}/roles/{grown}")).json(body),
            Ask::delete(&format!("{BASE}/roles/{grown}")),
            Ask::post(&accounts()).json(json!({ "name": "friend", "grants": [] })),
            Ask::put(&one(&service)).json(json!({ "name": "robot", "grants": [{ "role": "owner" }], "disabled": false })),
            Ask::delete(&one(&service)),
            Ask::post(&format!("{}/keys", one(&service))).json(json!({ "name": "another" })),
            Ask::delete(&format!("{}/keys/{id}", one(&service))),
        ] {
            let refused = app.send(tag(ask)).await;
            assert_eq!(refused.status, 403, "{:?}", refused.json);
            assert!(["people_only", "permission_missing"].contains(&refused.code().as_str()));
        }
        // Nor anything that is a person's own.
        for ask in [
            Ask::get("/api/v1/me"),
            Ask::get("/api/v1/me/sessions"),
            Ask::delete("/api/v1/auth/session"),
            Ask::get("/api/v1/csrf-token"),
            Ask::delete("/api/v1/me/memberships/north-hall"),
            Ask::put("/api/v1/me/password").json(json!({ "current_password": "x", "new_password": "y" })),
        ] {
            assert_eq!(refusal(&app.send(ask.bearer(&secret)).await), (403, "people_only".into()));
        }
        assert_eq!(get(&app, &secret, "members").await, 200);
    }

    /// A key opens the workspace it was made in, by its name and by its id; every other one is not there.
    async fn a_key_opens_its_own_workspace(engine: Engine) {
        let (app, north, access) = app(engine).await;
        let (service, id, secret) = reader(&app, &access).await;
        let (south, _) = app.owner("other@example.com", "South Hall").await;
        let (others, _) = app.tokens("other@example.com").await;
        let members = |tenant: &str| Ask::get(&format!("/api/v1/tenants/{tenant}/identity/members")).bearer(&secret);
        assert_eq!(app.send(members("north-hall")).await.status, 200);
        assert_eq!(app.send(members(&north.to_string())).await.status, 200);
        for tenant in ["south-hall", &south.to_string(), "nowhere", "NORTH-HALL", "north-hall%20"] {
            assert_eq!(app.send(members(tenant)).await.status, 404, "{tenant}");
        }
        // Nor does the owner of another workspace reach the account or the key.
        for base in ["south-hall", "north-hall"] {
            let account = format!("/api/v1/tenants/{base}/identity/service-accounts/{service}");
            for ask in [
                Ask::get(&account),
                Ask::put(&account).header("if-match", "\"v1\"").json(json!({ "name": "x", "grants": [], "disabled": true })),
                Ask::delete(&account),
                Ask::get(&format!("{account}/keys")),
                Ask::post(&format!("{account}/keys")).json(json!({ "name": "x" })),
                Ask::delete(&format!("{account}/keys/{id}")),
            ] {
                assert_eq!(app.send(ask.bearer(&others)).await.status, 404, "{account}");
            }
        }
        // A key of another account, under the own account's address.
        let second = self::service(&app, &access, "second", json!([])).await;
        let crossed = Ask::delete(&format!("{}/keys/{id}", one(&second))).bearer(&access);
        assert_eq!(app.send(crossed).await.status, 404);
        assert_eq!(app.send(members("north-hall")).await.status, 200);
    }

    /// Suspended, the workspace is read-only for its keys; closed, it is not there.
    async fn a_key_follows_its_workspace(engine: Engine) {
        use gantry_db::{TenantState, directory};
        let (app, tenant, access) = app(engine).await;
        let (_, _, secret) = reader(&app, &access).await;
        for (state, expected) in [(TenantState::Suspended, 200), (TenantState::Closed, 404), (TenantState::Active, 200)] {
            app.control.write(async move |tx| directory::set_state(tx, tenant, state, None).await).await.unwrap();
            app.pass(1);
            assert_eq!(get(&app, &secret, "members").await, expected, "{state}");
        }
    }

    /// What only looks like a key, or travels as something else, is nobody.
    async fn what_is_not_quite_a_key_is_refused(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let (_, _, secret) = reader(&app, &access).await;
        let (body, checksum) = secret.rsplit_once('_').unwrap();
        let (head, _) = body.rsplit_once('_').unwrap();
        let path = format!("{BASE}/members");
        let forged = [
            format!("{body}_00000000"),
            format!("{body}_"),
            body.to_owned(),
            head.to_owned(),
            "gantry_sk_".to_owned(),
            format!("gantry_sk_{checksum}"),
            secret.to_uppercase(),
            format!("{secret}0"),
            secret.replacen("gantry_sk_", "gantry_pk_", 1),
            // Well formed, with a right checksum: another secret under this id, and an id that never was.
            well_formed(head, &"0".repeat(64)),
            well_formed(&format!("gantry_sk_{}", "0".repeat(32)), &"0".repeat(64)),
        ];
        for text in &forged {
            assert_eq!(refusal(&app.send(Ask::get(&path).bearer(text)).await), (401, "unauthenticated".into()), "{text}");
        }
        assert_eq!(app.send(Ask::get(&path).cookie(&secret)).await.status, 401);
        let csrf = Ask::get(&path).header("authorization", &format!("Basic {secret}"));
        assert_eq!(app.send(csrf).await.status, 401);
        let refresh = Ask::post("/api/v1/auth/tokens/refresh").json(json!({ "refresh_token": secret }));
        assert_eq!(app.send(refresh).await.status, 401);
        assert_eq!(get(&app, &secret, "members").await, 200);
        assert_eq!(app.send(Ask::get(&path).header("authorization", &format!("bearer {secret}"))).await.status, 200);
    }

    /// Who manages service accounts gets no further by them than they are: a key is as good as what its account holds.
    async fn service_accounts_are_no_ladder(engine: Engine) {
        let (app, tenant, access) = app(engine).await;
        let mechanic = role(&app, &access, "Mechanic", &["identity.service.manage", "identity.service.read", "identity.role.manage"]).await;
        let strong = role(&app, &access, "Strong", &["spaces.student.edit"]).await;
        let weak = role(&app, &access, "Weak", &["identity.service.read"]).await;
        app.invite(&access, "north-hall", "mechanic@example.com", json!({ "role": mechanic })).await;
        let (mechanics, _) = app.tokens("mechanic@example.com").await;
        let owned = service(&app, &access, "strong", json!([{ "role": strong }])).await;
        let (id, _) = key(&app, &access, &owned).await;
        let exceeds = || (403, "grant_exceeds".to_owned());
        let unit = app.unit(tenant);
        for grants in [
            json!([{ "role": strong }]),
            json!([{ "role": "spaces.manager" }]),
            json!([{ "role": strong, "scope": "units", "units": [unit] }]),
        ] {
            assert_eq!(refusal(&make(&app, &mechanics, "mine", grants).await), exceeds());
        }
        let mine = service(&app, &mechanics, "mine", json!([{ "role": weak }])).await;
        let wider = json!({ "name": "mine", "grants": [{ "role": strong }], "disabled": false });
        assert_eq!(refusal(&update(&app, &mechanics, &mine, 1, wider).await), exceeds());
        let body = json!({ "title": "Weak", "permissions": ["spaces.student.edit"] });
        let grow = Ask::put(&format!("{BASE}/roles/{weak}")).bearer(&mechanics).header("if-match", "\"v1\"").json(body);
        assert_eq!(refusal(&app.send(grow).await), exceeds(), "through the role it holds");
        // Over an account above them: no key, no change, no end.
        assert_eq!(refusal(&make_key(&app, &mechanics, &owned, json!({ "name": "mine now" })).await), exceeds());
        let same = json!({ "name": "strong", "grants": [], "disabled": false });
        assert_eq!(refusal(&update(&app, &mechanics, &owned, 1, same).await), exceeds());
        assert_eq!(refusal(&app.send(Ask::delete(&one(&owned)).bearer(&mechanics)).await), exceeds());
        assert_eq!(refusal(&app.send(Ask::delete(&format!("{}/keys/{id}", one(&owned))).bearer(&mechanics)).await), exceeds());
        // Units that are not the workspace's, tenants and owners of one's choosing.
        let foreign = json!([{ "role": "spaces.manager", "scope": "units", "units": [app.kernel.id::<gantry_kernel::UnitId>()] }]);
        assert_eq!(field(&make(&app, &access, "odd", foreign).await), (422, "/grants/0/units".into(), "unit_unknown".into()));
        for extra in ["tenant_id", "id", "created_by", "version", "disabled_at", "permissions"] {
            let mut body = json!({ "name": "odd", "grants": [] });
            body[extra] = json!("01900000-0000-7000-8000-000000000000");
            assert_eq!(app.send(Ask::post(&accounts()).bearer(&access).json(body)).await.status, 422, "{extra}");
        }
        for extra in ["id", "secret", "hash", "service_id", "last_used_at", "revoked_at"] {
            let mut body = json!({ "name": "odd" });
            body[extra] = json!("01900000-0000-7000-8000-000000000000");
            assert_eq!(make_key(&app, &access, &owned, body).await.status, 422, "{extra}");
        }
    }

    /// Whoever made a service account may go; it stays until somebody removes it. A role it holds cannot be removed.
    async fn a_service_account_outlives_its_maker(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let admin = app.invite(&access, "north-hall", "admin@example.com", json!({ "role": "admin" })).await;
        let (admins, _) = app.tokens("admin@example.com").await;
        let (_, _, secret) = reader(&app, &admins).await;
        assert_eq!(app.send(Ask::delete(&format!("{BASE}/members/{admin}")).bearer(&access)).await.status, 204);
        assert_eq!(get(&app, &secret, "members").await, 200);
        let list = app.send(Ask::get(&accounts()).bearer(&access)).await;
        assert_eq!(list.json["items"][0]["created_by"], admin.as_str(), "its maker is named");
        let held = list.json["items"][0]["grants"][0]["role"].as_str().unwrap().to_owned();
        let remove = Ask::delete(&format!("{BASE}/roles/{held}")).bearer(&access).header("if-match", "\"v1\"");
        assert_eq!(refusal(&app.send(remove).await), (409, "role_in_use".into()));
    }

    /// Making and widening takes a recent proof of who is there; ending does not.
    async fn keys_are_made_only_by_who_just_proved_themself(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let (service, id, _) = reader(&app, &access).await;
        app.pass(601);
        let step_up = || (403, "step_up_required".to_owned());
        assert_eq!(refusal(&make(&app, &access, "late", json!([])).await), step_up());
        assert_eq!(refusal(&make_key(&app, &access, &service, json!({ "name": "late" })).await), step_up());
        let body = json!({ "name": "reader", "grants": [], "disabled": true });
        assert_eq!(refusal(&update(&app, &access, &service, 1, body).await), step_up());
        assert_eq!(app.send(Ask::delete(&format!("{}/keys/{id}", one(&service))).bearer(&access)).await.status, 204);
        assert_eq!(app.send(Ask::delete(&one(&service)).bearer(&access)).await.status, 204);
    }

    /// A repeated request makes no second key and shows no secret.
    async fn a_key_is_shown_once(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let (service, _, _) = reader(&app, &access).await;
        let ask = || {
            Ask::post(&format!("{}/keys", one(&service)))
                .bearer(&access)
                .header("idempotency-key", "one-and-the-same")
                .json(json!({ "name": "once" }))
        };
        let first = app.send(ask()).await;
        let (id, secret) = (first.text("id"), first.text("secret"));
        let second = app.send(ask()).await;
        assert_eq!(refusal(&second), (409, "key_shown_before".into()));
        assert_eq!(second.json["key"], id.as_str());
        assert!(!second.json.to_string().contains(&secret));
        assert_eq!(get(&app, &secret, "members").await, 200);
        assert_eq!(app.count(sql!("select count(*) from api_keys")).await, 2);
        // Not in what is stored for replays, nor in any other column.
        let (hidden, secret_part) = (secret.clone(), secret.split('_').nth(3).unwrap().to_owned());
        let rows: Vec<(String,)> = app
            .control
            .read(async |tx| {
                tx.all(
                    sql!("select coalesce(reply, '') from idempotency
                          union all select coalesce(facts_before, '') || coalesce(facts_after, '') || coalesce(target_id, '') from audit
                          union all select name || coalesce(permissions, '') from api_keys"),
                    &[],
                )
                .await
            })
            .await
            .unwrap();
        assert!(rows.len() > 5);
        for (text,) in rows {
            assert!(!text.contains(&hidden) && !text.contains(&secret_part), "{text}");
        }
        // Page after page of the list, there is no secret.
        let mut token = String::new();
        let mut seen = 0;
        loop {
            let path = format!("{}/keys?page_size=1{token}", one(&service));
            let page = app.send(Ask::get(&path).bearer(&access)).await;
            assert!(!page.json.to_string().contains(&secret_part), "{:?}", page.json);
            seen += page.json["items"].as_array().unwrap().len();
            match page.json["next_page_token"].as_str() {
                Some(next) => token = format!("&page_token={next}"),
                None => break,
            }
        }
        assert_eq!(seen, 2);
    }

    /// The numbers of accounts and of living keys are bounded, also when many are made at once.
    async fn there_are_so_many_accounts_and_keys(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let (service, id, _) = reader(&app, &access).await;
        for _ in 0..17 {
            key(&app, &access, &service).await;
        }
        let at_once = join_all((0..6).map(|_| make_key(&app, &access, &service, json!({ "name": "late" })))).await;
        assert_eq!(at_once.iter().filter(|made| made.status == 201).count(), 2);
        assert!(at_once.iter().all(|made| made.status == 201 || made.code() == "too_many_keys"));
        assert_eq!(app.send(Ask::delete(&format!("{}/keys/{id}", one(&service))).bearer(&access)).await.status, 204);
        key(&app, &access, &service).await;
        for n in 0..97 {
            self::service(&app, &access, &format!("robot {n}"), json!([])).await;
        }
        let names: Vec<String> = (0..5).map(|n| format!("late {n}")).collect();
        let at_once = join_all(names.iter().map(|name| make(&app, &access, name, json!([])))).await;
        assert_eq!(at_once.iter().filter(|made| made.status == 201).count(), 2);
        assert_eq!(app.count(sql!("select count(*) from service_accounts")).await, 100);
    }

    /// A key is made while its account loses what it holds, or gains: whoever makes it held what the account held in
    /// the order in which the two came to be.
    async fn a_key_is_not_made_for_more_than_was_looked_at(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let mechanic = role(&app, &access, "Mechanic", &["identity.service.manage", "identity.service.read"]).await;
        let strong = role(&app, &access, "Strong", &["spaces.student.edit"]).await;
        app.invite(&access, "north-hall", "mechanic@example.com", json!({ "role": mechanic })).await;
        let (mechanics, _) = app.tokens("mechanic@example.com").await;
        let account = service(&app, &access, "robot", json!([])).await;
        let mut version = 1;
        for round in 0..8 {
            let body = |grants: Value| json!({ "name": "robot", "grants": grants, "disabled": false });
            let (widened, made) = join(
                update(&app, &access, &account, version, body(json!([{ "role": strong }]))),
                make_key(&app, &mechanics, &account, json!({ "name": format!("round {round}") })),
            )
            .await;
            assert_eq!(widened.status, 200, "round {round}: {:?}", widened.json);
            assert!([201, 403].contains(&made.status), "round {round}: {:?}", made.json);
            let late = make_key(&app, &mechanics, &account, json!({ "name": "late" })).await;
            assert_eq!(late.status, 403, "round {round}");
            assert_eq!(update(&app, &access, &account, version + 1, body(json!([]))).await.status, 200);
            version += 2;
        }
    }

    /// The last use is written down now and then, not with every request.
    async fn the_last_use_is_noted_now_and_then(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let (service, id, secret) = reader(&app, &access).await;
        let used = || {
            let id = id.clone();
            app.control.read(async move |tx| {
                let (used,): (Option<i64>,) =
                    tx.one(sql!("select last_used_at from api_keys where id = $1"), &args![id]).await?;
                Ok::<_, gantry_db::DbError>(used)
            })
        };
        assert_eq!(used().await.unwrap(), None);
        let guess = well_formed(&format!("gantry_sk_{}", id.replace('-', "")), &"0".repeat(64));
        assert_eq!(get(&app, &guess, "members").await, 401);
        assert_eq!(used().await.unwrap(), None, "whoever knows the id alone does not use it");
        assert_eq!(get(&app, &secret, "members").await, 200);
        let first = used().await.unwrap().unwrap();
        app.pass(299);
        assert_eq!(get(&app, &secret, "members").await, 200);
        assert_eq!(used().await.unwrap(), Some(first));
        app.pass(1);
        assert_eq!(get(&app, &secret, "members").await, 200);
        assert_eq!(used().await.unwrap(), Some(first + 300_000_000));
        assert_eq!(app.send(Ask::delete(&one(&service)).bearer(&access)).await.status, 204);
    }

    /// Keys that ended long ago are removed, with a margin for whoever looks into what happened.
    async fn keys_that_ended_long_ago_are_swept_away(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let (service, _, _) = reader(&app, &access).await;
        let longer = json!({ "name": "longer", "expires_at": (app.kernel.now() + Duration::from_hours(24 * 365)).to_string() });
        assert_eq!(make_key(&app, &access, &service, longer).await.status, 201);
        let keys = sql!("select count(*) from api_keys");
        app.pass(179 * DAY);
        app.work().await;
        assert_eq!(app.count(keys).await, 2);
        app.pass(DAY + 3_600);
        app.work().await;
        assert_eq!(app.count(keys).await, 1, "90 days after its end, which came after 90 days");
    }
}

/// A key with a right checksum, made of these parts.
fn well_formed(head: &str, secret: &str) -> String {
    let body = format!("{head}_{secret}");
    let checksum = body.bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 * (crc & 1))
        })
    });
    format!("{body}_{:08x}", !checksum)
}
