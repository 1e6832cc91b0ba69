//! Roles that a tenant makes for itself: what they carry, who may make them, and who may hand them out.

use futures_util::future::{join, join_all};
use gantry_db::{args, sql};
use gantry_kernel::TenantId;
use gantry_testkit::{Engine, both_engines};
use serde_json::{Value, json};

use crate::app::{Answer, App, Ask, PASSWORD};

const BASE: &str = "/api/v1/tenants/north-hall/identity";
const READ: &str = "spaces.student.read";
const EDIT: &str = "spaces.student.edit";
const MEMBERS: &str = "identity.member.read";
const MANAGE: &str = "identity.member.manage";
const ROLES: &str = "identity.role.manage";

async fn app(engine: Engine) -> (App, TenantId, String) {
    let app = App::new(engine).await;
    let (tenant, _) = app.owner("owner@example.com", "North Hall").await;
    let (access, _) = app.tokens("owner@example.com").await;
    (app, tenant, access)
}

async fn make(app: &App, access: &str, title: &str, permissions: &[&str]) -> Answer {
    let body = json!({ "title": title, "permissions": permissions });
    let ask = Ask::post(&format!("{BASE}/roles"))
        .bearer(access)
        .json(body);
    app.send(ask).await
}

/// The key of a new role.
async fn role(app: &App, access: &str, title: &str, permissions: &[&str]) -> String {
    let made = make(app, access, title, permissions).await;
    assert_eq!(made.status, 201, "{:?}", made.json);
    made.text("key")
}

/// The title that a changed role gets.
fn new_title(key: &str) -> String {
    format!("Changed {}", &key[key.len().saturating_sub(12)..])
}

async fn change(app: &App, access: &str, key: &str, version: i64, permissions: &[&str]) -> Answer {
    let ask = Ask::put(&format!("{BASE}/roles/{key}"))
        .bearer(access)
        .header("if-match", &format!("\"v{version}\""));
    app.send(ask.json(json!({ "title": new_title(key), "permissions": permissions })))
        .await
}

async fn remove(app: &App, access: &str, key: &str, version: i64) -> Answer {
    let ask = Ask::delete(&format!("{BASE}/roles/{key}")).bearer(access);
    app.send(ask.header("if-match", &format!("\"v{version}\"")))
        .await
}

async fn set(app: &App, access: &str, member: &str, version: i64, grants: Value) -> Answer {
    let ask = Ask::put(&format!("{BASE}/members/{member}/grants"))
        .bearer(access)
        .header("if-match", &format!("\"v{version}\""));
    app.send(ask.json(json!({ "grants": grants }))).await
}

/// A member with one role over the whole tenant: id and access token.
async fn colleague(app: &App, access: &str, name: &str, role: &str) -> (String, String) {
    let email = format!("{name}@example.com");
    let id = app
        .invite(access, "north-hall", &email, json!({ "role": role }))
        .await;
    (id, app.tokens(&email).await.0)
}

async fn sees(app: &App, access: &str, path: &str) -> u16 {
    app.send(Ask::get(&format!("{BASE}/{path}")).bearer(access))
        .await
        .status
}

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

/// The first wrong field: its place and code.
fn field(answer: &Answer) -> (u16, String, String) {
    let error = &answer.json["errors"][0];
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (answer.status, text("pointer"), text("code"))
}

both_engines! {
    /// Made, seen, given by invitation and by hand, changed for all its holders at once, taken, removed.
    async fn a_role_lives(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let made = make(&app, &access, "  Front  desk ", &[MEMBERS, MEMBERS]).await;
        assert_eq!(made.status, 201, "{:?}", made.json);
        let key = made.text("key");
        assert_eq!(made.headers["location"], format!("{BASE}/roles/{key}").as_str());
        assert_eq!(made.headers["etag"], "\"v1\"");
        let expected = json!({
            "key": key, "title": "Front desk", "built_in": false, "permissions": [MEMBERS], "scopes": ["all"], "version": 1,
        });
        assert_eq!(made.json, expected);
        let list = app.send(Ask::get(&format!("{BASE}/roles")).bearer(&access)).await;
        let items = list.json["items"].as_array().unwrap();
        assert_eq!(items.last(), Some(&expected));
        assert_eq!(items.iter().filter(|role| role["built_in"] == true).count(), 5);
        let one = app.send(Ask::get(&format!("{BASE}/roles/{key}")).bearer(&access)).await;
        assert_eq!((one.status, &one.json), (200, &expected));
        assert_eq!(sees(&app, &access, "roles/owner").await, 200);
        assert_eq!(sees(&app, &access, "roles/custom.nothing").await, 404);

        let inspected = json!({ "role": key, "email": "desk@example.com" });
        assert_eq!(app.send(Ask::post(&format!("{BASE}/invitations")).bearer(&access).json(inspected)).await.status, 201);
        let token = app.token("desk@example.com").await;
        let seen = app.send(Ask::post("/api/v1/auth/invitations/inspect").json(json!({ "token": token }))).await;
        assert_eq!(seen.text("role"), "Front desk");
        assert_eq!(app.mails("desk@example.com", "identity.invitation").await[0].as_ref().unwrap()["role"], "Front desk");
        let token = app.token("desk@example.com").await;
        let accept = json!({ "token": token, "name": "Desk Person", "password": PASSWORD });
        let desk = app.send(Ask::post("/api/v1/auth/invitations/accept").json(accept)).await.text("identity");
        let (desks, _) = app.tokens("desk@example.com").await;
        assert_eq!((sees(&app, &desks, "members").await, sees(&app, &desks, "audit").await), (200, 403));

        app.pass(1);
        let changed = change(&app, &access, &key, 1, &["identity.audit.read"]).await;
        assert_eq!((changed.status, &changed.json["version"]), (200, &json!(2)), "{:?}", changed.json);
        assert_eq!((sees(&app, &desks, "members").await, sees(&app, &desks, "audit").await), (403, 200));
        assert_eq!(refusal(&change(&app, &access, &key, 1, &[READ]).await), (412, "version_mismatch".into()));

        assert_eq!(refusal(&remove(&app, &access, &key, 2).await), (409, "role_in_use".into()));
        assert_eq!(set(&app, &access, &desk, 1, json!([{ "role": "member" }])).await.status, 200);
        assert_eq!(sees(&app, &desks, "audit").await, 403);
        let offer = json!({ "role": key, "email": "late@example.com" });
        assert_eq!(app.send(Ask::post(&format!("{BASE}/invitations")).bearer(&access).json(offer)).await.status, 201);
        assert_eq!(refusal(&remove(&app, &access, &key, 2).await), (409, "role_in_use".into()), "an invitation offers it");
        app.pass(7 * 86_400);
        let (access, _) = app.tokens("owner@example.com").await;
        assert_eq!(refusal(&remove(&app, &access, &key, 1).await), (412, "version_mismatch".into()));
        assert_eq!(remove(&app, &access, &key, 2).await.status, 204);
        assert_eq!(remove(&app, &access, &key, 2).await.status, 404);

        let audit = app.send(Ask::get(&format!("{BASE}/audit?target_kind=role")).bearer(&access)).await;
        let rows: Vec<_> = audit.json["items"].as_array().unwrap().iter()
            .map(|row| (row["action"].as_str().unwrap(), row["before"].clone(), row["after"].clone()))
            .collect();
        let (first, second) = (json!({ "title": "Front desk", "permissions": [MEMBERS] }), json!({ "title": new_title(&key), "permissions": ["identity.audit.read"] }));
        assert_eq!(rows, [
            ("identity.role.deleted", second.clone(), Value::Null),
            ("identity.role.changed", first.clone(), second),
            ("identity.role.created", Value::Null, first),
        ]);
    }

    /// What is no permission, or not one for such roles, is refused with its place.
    async fn a_role_that_cannot_be_is_refused(engine: Engine) {
        let (app, _, access) = app(engine).await;
        for (permissions, place) in [
            (vec![READ, "spaces.student.burn"], "/permissions/1"),
            (vec!["identity.ownership.transfer"], "/permissions/0"),
            (vec!["tenancy.tenant.read"], "/permissions/0"),
            (vec!["owner"], "/permissions/0"),
            (vec!["spaces.student.read,identity.member.manage"], "/permissions/0"),
            (vec![""], "/permissions/0"),
            (vec![], "/permissions"),
            (vec![READ; 201], "/permissions"),
        ] {
            let refused = make(&app, &access, "Odd", &permissions).await;
            assert_eq!(field(&refused), (422, place.into(), "permission_invalid".into()), "{permissions:?}");
        }
        for title in ["", "   ", "a\u{202e}b", &"x".repeat(61)] {
            assert_eq!(make(&app, &access, title, &[READ]).await.status, 422, "{title:?}");
        }
        for title in ["Owner", "ADMINISTRATOR", "member", "Manager"] {
            assert_eq!(refusal(&make(&app, &access, title, &[READ]).await), (409, "role_title_taken".into()), "{title}");
        }
        let key = role(&app, &access, "Reader", &[READ]).await;
        assert_eq!(refusal(&make(&app, &access, "READER", &[READ]).await), (409, "role_title_taken".into()));
        role(&app, &access, &new_title(&key), &[READ]).await;
        assert_eq!(refusal(&change(&app, &access, &key, 1, &[READ]).await), (409, "role_title_taken".into()));
        for built_in in ["owner", "admin", "member", "spaces.manager"] {
            assert_eq!(refusal(&change(&app, &access, built_in, 1, &[READ]).await), (409, "role_built_in".into()));
            assert_eq!(refusal(&remove(&app, &access, built_in, 1).await), (409, "role_built_in".into()));
        }
        // Whose it is, what it is called inside and how often it changed are not the client's to say.
        for extra in ["key", "tenant_id", "version", "built_in", "scopes", "created_by"] {
            let mut body = json!({ "title": "Smuggled", "permissions": [READ] });
            body[extra] = json!("custom.mine");
            let ask = Ask::post(&format!("{BASE}/roles")).bearer(&access).json(body);
            assert_eq!(app.send(ask).await.status, 422, "{extra}");
        }
        let blind = Ask::put(&format!("{BASE}/roles/{key}")).bearer(&access).json(json!({ "title": "X", "permissions": [READ] }));
        assert_eq!(app.send(blind).await.status, 428);
        assert_eq!(app.count(sql!("select count(*) from custom_roles")).await, 2);
    }

    /// The number of roles is bounded, also when many are made at once.
    async fn a_tenant_has_so_many_roles(engine: Engine) {
        let (app, _, access) = app(engine).await;
        for n in 0..97 {
            role(&app, &access, &format!("Role {n}"), &[READ]).await;
        }
        let titles: Vec<String> = (0..8).map(|n| format!("Late {n}")).collect();
        let answers = join_all(titles.iter().map(|title| make(&app, &access, title, &[READ]))).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!((made, app.count(sql!("select count(*) from custom_roles")).await), (3, 100));
        assert!(answers.iter().any(|answer| answer.status == 409 && answer.code() == "too_many_roles"));
    }

    /// A repeated request is one role.
    async fn making_a_role_honours_its_idempotency_key(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let ask = || {
            Ask::post(&format!("{BASE}/roles"))
                .bearer(&access)
                .header("idempotency-key", "one-and-the-same")
                .json(json!({ "title": "Reader", "permissions": [READ] }))
        };
        let (first, second) = (app.send(ask()).await, app.send(ask()).await);
        assert_eq!((first.status, second.status), (201, 201), "{:?}", second.json);
        assert_eq!(first.json, second.json);
        assert_eq!(app.count(sql!("select count(*) from custom_roles")).await, 1);
    }

    /// Nobody gets more by way of a role: not by making one, not by changing one they or others hold, not by handing
    /// one out.
    async fn roles_are_no_ladder(engine: Engine) {
        let (app, tenant, access) = app(engine).await;
        let maker = role(&app, &access, "Role maker", &[ROLES, MEMBERS, MANAGE, READ]).await;
        let strong = role(&app, &access, "Strong", &[READ, EDIT]).await;
        let (id, makers) = colleague(&app, &access, "maker", &maker).await;
        let exceeds = || (403, "grant_exceeds".to_owned());

        assert_eq!(refusal(&make(&app, &makers, "Mine", &[READ, EDIT]).await), exceeds(), "a permission they lack");
        let mine = role(&app, &makers, "Mine", &[READ]).await;
        assert_eq!(refusal(&change(&app, &makers, &mine, 1, &[READ, EDIT]).await), exceeds(), "into their own");
        assert_eq!(refusal(&change(&app, &makers, &maker, 1, &[ROLES, MEMBERS, MANAGE, READ, EDIT]).await), exceeds(), "into the one they hold");
        assert_eq!(refusal(&change(&app, &makers, &strong, 1, &[READ]).await), exceeds(), "out of one above them");
        assert_eq!(refusal(&remove(&app, &makers, &strong, 1).await), exceeds(), "removing one above them");
        assert_eq!(refusal(&set(&app, &makers, &id, 1, json!([{ "role": maker }, { "role": strong }])).await), exceeds(), "to themself");
        let invite = |grant: Value| {
            let mut body = grant;
            body["email"] = json!("puppet@example.com");
            app.send(Ask::post(&format!("{BASE}/invitations")).bearer(&makers).json(body))
        };
        assert_eq!(refusal(&invite(json!({ "role": strong })).await), exceeds(), "to a puppet");
        let unit = app.unit(tenant);
        assert_eq!(refusal(&invite(json!({ "role": strong, "scope": "units", "units": [unit] })).await), exceeds(), "a part of it");
        assert_eq!(change(&app, &makers, &mine, 1, &[READ, MEMBERS]).await.status, 200, "what they hold they may");

        // Held over one unit only, it is not theirs to put into a role, nor to give over everything.
        let narrow = json!([{ "role": "people.host" }, { "role": strong, "scope": "units", "units": [unit] }]);
        let (host, hosts) = colleague(&app, &access, "host", "people.host").await;
        assert_eq!(set(&app, &access, &host, 1, narrow).await.status, 200);
        let path = format!("{BASE}/members/{id}/grants");
        let give = Ask::put(&path).bearer(&hosts).header("if-match", "\"v1\"").json(json!({ "grants": [{ "role": strong }] }));
        assert_eq!(refusal(&app.send(give).await), exceeds());
        assert_eq!(refusal(&make(&app, &hosts, "Theirs", &[MEMBERS]).await), (403, "permission_missing".into()), "no maker of roles");

        // Who lost the permission a moment ago makes nothing any more, whatever a cache still says.
        assert_eq!(change(&app, &access, &maker, 1, &[MEMBERS]).await.status, 200);
        assert_eq!(refusal(&make(&app, &makers, "Late", &[MEMBERS]).await), (403, "permission_missing".into()));
    }

    /// An invitation offers what its role carries when it is accepted, if whoever invited still holds that.
    async fn a_role_that_grew_beyond_its_giver_is_not_theirs_to_offer(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let desk = role(&app, &access, "Desk", &[READ]).await;
        let host = role(&app, &access, "Host of desks", &[MEMBERS, MANAGE, READ]).await;
        let (_, hosts) = colleague(&app, &access, "host", &host).await;
        let body = json!({ "role": desk, "email": "new@example.com" });
        assert_eq!(app.send(Ask::post(&format!("{BASE}/invitations")).bearer(&hosts).json(body)).await.status, 201);
        let token = app.token("new@example.com").await;
        assert_eq!(change(&app, &access, &desk, 1, &[READ, EDIT]).await.status, 200);
        let accept = json!({ "token": token, "name": "New Person", "password": PASSWORD });
        let refused = app.send(Ask::post("/api/v1/auth/invitations/accept").json(accept.clone())).await;
        assert_eq!(refusal(&refused), (410, "link_gone".into()));
        assert_eq!(change(&app, &access, &desk, 2, &[READ]).await.status, 200);
        assert_eq!(app.send(Ask::post("/api/v1/auth/invitations/accept").json(accept)).await.status, 200);
    }

    /// A role keeps the scopes it is held with.
    async fn a_role_cannot_lose_a_scope_in_use(engine: Engine) {
        let (app, tenant, access) = app(engine).await;
        let reader = role(&app, &access, "Reader", &[READ]).await;
        let (member, _) = colleague(&app, &access, "reader", "member").await;
        let unit = app.unit(tenant);
        let grants = json!([{ "role": reader, "scope": "units", "units": [unit] }]);
        assert_eq!(set(&app, &access, &member, 1, grants).await.status, 200);
        assert_eq!(refusal(&change(&app, &access, &reader, 1, &[READ, MEMBERS]).await), (409, "role_in_use".into()));
        assert_eq!(change(&app, &access, &reader, 1, &[READ, EDIT]).await.status, 200);
        assert_eq!(set(&app, &access, &member, 2, json!([{ "role": reader }])).await.status, 200);
        assert_eq!(change(&app, &access, &reader, 2, &[READ, MEMBERS]).await.status, 200);
        let by_unit = json!([{ "role": reader, "scope": "units", "units": [unit] }]);
        let refused = set(&app, &access, &member, 3, by_unit).await;
        assert_eq!(field(&refused), (422, "/grants/0/scope".into(), "scope_invalid".into()));
    }

    /// What is stored under a name that no module declares grants nothing, and a role never carries ownership,
    /// whatever its row says.
    async fn what_nobody_declares_grants_nothing(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let key = role(&app, &access, "Reader", &[MEMBERS]).await;
        let (member, theirs) = colleague(&app, &access, "reader", &key).await;
        app.control
            .write(async |tx| {
                let permissions = "spaces.vanished,identity.member.read,identity.ownership.transfer,,tenancy.tenant.read,*";
                tx.execute(sql!("update custom_roles set permissions = $1"), &args![permissions]).await
            })
            .await
            .unwrap();
        app.pass(1);
        assert_eq!((sees(&app, &theirs, "members").await, sees(&app, &theirs, "audit").await), (200, 403));
        let one = app.send(Ask::get(&format!("{BASE}/roles/{key}")).bearer(&access)).await;
        assert_eq!(one.json["permissions"], json!([MEMBERS]));
        let (_, admins) = colleague(&app, &access, "admin", "admin").await;
        assert_eq!(set(&app, &admins, &member, 1, json!([])).await.status, 200, "there is nothing above an administrator in it");
    }

    /// The roles of one tenant are nothing in another: not seen, not changed, not given.
    async fn another_tenants_roles_are_not_there(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let key = role(&app, &access, "Reader", &[READ]).await;
        app.owner("other@example.com", "South Hall").await;
        let (others, _) = app.tokens("other@example.com").await;
        let south = "/api/v1/tenants/south-hall/identity";
        let list = app.send(Ask::get(&format!("{south}/roles")).bearer(&others)).await;
        assert!(!list.json.to_string().contains(&key));
        let there = format!("{south}/roles/{key}");
        let body = json!({ "title": "Taken over", "permissions": [READ] });
        for ask in [
            Ask::get(&there),
            Ask::put(&there).header("if-match", "\"v1\"").json(body.clone()),
            Ask::delete(&there).header("if-match", "\"v1\""),
            Ask::put(&format!("{BASE}/roles/{key}")).header("if-match", "\"v1\"").json(body),
        ] {
            assert_eq!(app.send(ask.bearer(&others)).await.status, 404);
        }
        let offer = json!({ "role": key, "email": "new@example.com" });
        let refused = app.send(Ask::post(&format!("{south}/invitations")).bearer(&others).json(offer)).await;
        assert_eq!(field(&refused), (422, "/role".into(), "role_unknown".into()));
        let made = Ask::post(&format!("{south}/roles")).bearer(&others).json(json!({ "title": "Reader", "permissions": [READ] }));
        assert_eq!(app.send(made).await.status, 201, "a title is the tenant's own");
        // The other tenant's role under the same member's grant: it does not carry over.
        app.control
            .write(async move |tx| {
                tx.execute(sql!("insert into grants (tenant_id, identity_id, role, scope, units, created_at)
                                 select t.id, m.identity_id, $1, 'all', '', 0 from tenants t
                                 join memberships m on m.tenant_id = t.id where t.slug = 'south-hall'"), &args![key]).await?;
                tx.execute(sql!("delete from grants where role = 'owner' and tenant_id in
                                 (select id from tenants where slug = 'south-hall')"), &args![]).await
            })
            .await
            .unwrap();
        app.pass(1);
        let me = Ask::get(&format!("{south}/members")).bearer(&others);
        assert_eq!(app.send(me).await.status, 403);
    }

    /// Units are the tenant's own: what it does not have is refused with its place.
    async fn a_grant_names_the_tenants_own_units(engine: Engine) {
        let (app, tenant, access) = app(engine).await;
        let (south, _) = app.owner("other@example.com", "South Hall").await;
        let (mine, foreign, nobodys) = (app.unit(tenant), app.unit(south), app.kernel.id::<gantry_kernel::UnitId>());
        let (member, _) = colleague(&app, &access, "manager", "member").await;
        for wrong in [foreign, nobodys] {
            let units = json!([mine, wrong]);
            let body = json!({ "role": "spaces.manager", "scope": "units", "units": units, "email": "x@example.com" });
            let refused = app.send(Ask::post(&format!("{BASE}/invitations")).bearer(&access).json(body)).await;
            assert_eq!(field(&refused), (422, "/units".into(), "unit_unknown".into()));
            let grants = json!([{ "role": "member" }, { "role": "spaces.manager", "scope": "units", "units": units }]);
            let refused = set(&app, &access, &member, 1, grants).await;
            assert_eq!(field(&refused), (422, "/grants/1/units".into(), "unit_unknown".into()));
        }
        let many: Vec<_> = (0..201).map(|_| app.unit(tenant)).collect();
        let grants = json!([{ "role": "spaces.manager", "scope": "units", "units": many }]);
        assert_eq!(refusal(&set(&app, &access, &member, 1, grants).await), (422, "too_many_grants".into()));
        let grants = json!([{ "role": "spaces.manager", "scope": "units", "units": [mine] }]);
        assert_eq!(set(&app, &access, &member, 1, grants).await.status, 200);
    }

    /// A role is given and removed at the same moment: never is somebody left holding what is not there.
    async fn a_role_is_not_removed_while_it_is_given(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let (member, _) = colleague(&app, &access, "reader", "member").await;
        let mut version = 1;
        let mut kept = 0;
        for round in 0..12 {
            let key = role(&app, &access, &format!("Reader {round}"), &[READ]).await;
            let (given, removed) = join(
                set(&app, &access, &member, version, json!([{ "role": key }])),
                remove(&app, &access, &key, 1),
            )
            .await;
            match (given.status, removed.status) {
                (200, 409) => { version += 1; kept += 1; }
                (422, 204) => assert_eq!(field(&given).2, "role_unknown"),
                other => panic!("round {round}: {other:?} {:?} {:?}", given.json, removed.json),
            }
            let orphans = sql!("select count(*) from grants g where g.role like 'custom.%' and not exists
                                (select 1 from custom_roles r where r.tenant_id = g.tenant_id and r.key = g.role)");
            assert_eq!(app.count(orphans).await, 0, "round {round}");
        }
        assert_eq!(app.count(sql!("select count(*) from grants where role like 'custom.%'")).await, i64::from(kept > 0));
    }

    /// Two administrators change each other's rights to nothing at the same moment; two owners unmake each other: one
    /// of them is left to undo it.
    async fn who_disarms_each_other_leaves_one_standing(engine: Engine) {
        let (app, _, access) = app(engine).await;
        for round in 0..4 {
            let name = format!("second{round}");
            let (second, seconds) = colleague(&app, &access, &name, "owner").await;
            let me = app.send(Ask::get("/api/v1/me").bearer(&access)).await.text("identity");
            let version = |member: String| {
                let (app, access) = (&app, &access);
                async move {
                    let found = app.send(Ask::get(&format!("{BASE}/members/{member}")).bearer(access)).await;
                    found.json["version"].as_i64().unwrap()
                }
            };
            let (mine, theirs) = (version(me.clone()).await, version(second.clone()).await);
            let none = || json!([{ "role": "member" }]);
            let (one, two) =
                join(set(&app, &access, &second, theirs, none()), set(&app, &seconds, &me, mine, none())).await;
            assert_eq!((one.status.min(two.status), one.status.max(two.status)), (200, 403), "round {round}");
            assert_eq!(app.count(sql!("select count(*) from grants where role = 'owner'")).await, 1, "round {round}");
            if two.status == 200 {
                let back = set(&app, &seconds, &me, mine + 1, json!([{ "role": "owner" }])).await;
                assert_eq!(back.status, 200, "{:?}", back.json);
            }
            let gone = app.send(Ask::delete(&format!("{BASE}/members/{second}")).bearer(&access)).await;
            assert_eq!(gone.status, 204, "{:?}", gone.json);
        }
    }

    /// Changing a role takes a recent proof of who is there.
    async fn a_role_is_changed_only_by_who_just_proved_themself(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let key = role(&app, &access, "Reader", &[READ]).await;
        app.pass(601);
        assert_eq!(refusal(&change(&app, &access, &key, 1, &[READ, EDIT]).await), (403, "step_up_required".into()));
        let (fresh, _) = app.tokens("owner@example.com").await;
        assert_eq!(change(&app, &fresh, &key, 1, &[READ, EDIT]).await.status, 200);
    }

    /// The permissions with what people need to choose among them.
    async fn permissions_are_listed_for_choosing(engine: Engine) {
        let (app, _, access) = app(engine).await;
        let list = app.send(Ask::get(&format!("{BASE}/permissions")).bearer(&access)).await;
        let items = list.json["items"].as_array().unwrap();
        assert_eq!(items.len(), 9);
        assert!(items.contains(&json!({
            "name": READ, "title": "May spaces.student.read", "scopes": ["all", "units"], "custom_roles": true,
            "service_accounts": true,
        })));
        let reserved: Vec<_> = items.iter().filter(|one| one["custom_roles"] == false).map(|one| &one["name"]).collect();
        assert_eq!(reserved, ["identity.ownership.transfer"]);
    }
}
