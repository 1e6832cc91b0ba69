//! Every operation that changes something leaves its audit row, or has a reason not to: each is called, and the
//! log is asked what the call's request wrote.

use std::collections::{BTreeMap, BTreeSet};

use gantry_testkit::{Answer, SoftPasskey};
use serde_json::{Value, json};

use super::cast::{Actor, Expected, Kind};
use super::desk;
use super::document::Operation;
use super::halls;
use super::report::Report;
use super::row::Row;
use super::stage::{PATIENCE, Stage};
use super::table::PASSWORD;

/// What a call of the operation writes.
const WRITES: &[(&str, &[&str])] = &[
    ("sign_up", &["identity.sign_up.requested"]),
    ("log_in", &["identity.session.started"]),
    ("log_out", &["identity.session.ended"]),
    ("end_session", &["identity.session.ended"]),
    ("end_all_sessions", &["identity.sessions.ended"]),
    ("change_password", &["identity.password.changed"]),
    (
        "accept_invitation",
        &["identity.account.created", "identity.invitation.accepted"],
    ),
    ("leave_workspace", &["identity.member.left"]),
    ("step_up", &["identity.session.confirmed"]),
    ("enrol_totp", &["identity.factor.begun"]),
    ("request_email_change", &["identity.email.change_asked"]),
    (
        "close_account",
        &["identity.member.left", "identity.account.closed"],
    ),
    ("suspend_person", &["identity.account.suspended"]),
    ("resume_person", &["identity.account.resumed"]),
    (
        "impersonate",
        &["identity.impersonation.started", "identity.session.started"],
    ),
    ("create_role", &["identity.role.created"]),
    ("set_security", &["identity.security.changed"]),
    ("update_role", &["identity.role.changed"]),
    ("delete_role", &["identity.role.deleted"]),
    ("create_service_account", &["identity.service.created"]),
    ("update_service_account", &["identity.service.changed"]),
    ("delete_service_account", &["identity.service.deleted"]),
    ("create_api_key", &["identity.api_key.created"]),
    ("revoke_api_key", &["identity.api_key.revoked"]),
    ("create_provider", &["identity.provider.created"]),
    ("update_provider", &["identity.provider.changed"]),
    ("delete_provider", &["identity.provider.deleted"]),
    ("set_member_grants", &["identity.member.grants_changed"]),
    ("remove_member", &["identity.member.removed"]),
    ("create_invitation", &["identity.invitation.created"]),
    ("revoke_invitation", &["identity.invitation.revoked"]),
    ("resend_invitation", &["identity.invitation.resent"]),
    ("update_workspace", &["tenancy.tenant.renamed"]),
    ("create_tenant", &["tenancy.tenant.begun"]),
    ("update_tenant", &["tenancy.tenant.edited"]),
    ("suspend_tenant", &["tenancy.tenant.suspended"]),
    ("resume_tenant", &["tenancy.tenant.resumed"]),
    ("set_log_level", &["telemetry.log_level.changed"]),
    ("reset_log_level", &["telemetry.log_level.changed"]),
    ("close_tenant", &["tenancy.tenant.closed"]),
    ("migrate_fleet", &["tenancy.fleet.migration_asked"]),
];

/// Operations whose ordinary call here is refused: what the one that set the stage, or one made for it,
/// wrote.
const WRITES_ELSEWHERE: &[(&str, &[&str])] = &[
    ("verify_email", &["identity.email.verified"]),
    ("set_up", &["identity.operator.created"]),
    ("confirm_password_reset", &["identity.password.reset"]),
    ("accept_invitation_as_me", &["identity.invitation.accepted"]),
    ("confirm_email_change", &["identity.email.changed"]),
    ("complete_log_in", &["identity.session.started"]),
    ("confirm_totp", &["identity.factor.added"]),
    ("register_passkey", &["identity.factor.added"]),
    ("log_in_by_passkey", &["identity.session.started"]),
    ("rename_passkey", &["identity.passkey.renamed"]),
    ("remove_passkey", &["identity.factor.removed"]),
];

/// Operations that write none, and why.
const WRITES_NONE: &[(&str, &str)] = &[
    ("read_notices", "what somebody has read is theirs to know"),
    (
        "resend_verification",
        "asks for a mail; what its link does is audited",
    ),
    (
        "request_password_reset",
        "asks for a mail; what its link does is audited",
    ),
    (
        "refresh_tokens",
        "goes on with what log_in began; only the reuse of an old token is an act",
    ),
    (
        "inspect_invitation",
        "reads; it is a POST to keep the token out of the address",
    ),
    (
        "retry_tenant",
        "needs a tenant whose set-up failed; tenancy's own tests look for its row",
    ),
    (
        "reopen_tenant",
        "needs a tenant that is closed; tenancy's own tests look for its row",
    ),
    (
        "move_tenant",
        "needs a second home; tenancy's own tests look for its row",
    ),
    (
        "confirm_move",
        "needs a move; tenancy's own tests look for its row",
    ),
    (
        "revert_move",
        "needs a move; tenancy's own tests look for its row",
    ),
    (
        "retry_mail",
        "needs a mail that failed; it does nothing here",
    ),
    ("rate_password", "works out how strong a password is"),
    (
        "unlock",
        "needs an account that is locked; identity's own tests look for its row",
    ),
    (
        "unlock_account",
        "needs an account that is locked; identity's own tests look for its row",
    ),
    (
        "remove_totp",
        "needs a second factor; identity's own tests look for its row",
    ),
    (
        "replace_recovery_codes",
        "needs a second factor; identity's own tests look for its row",
    ),
    (
        "begin_provider_log_in",
        "needs a provider, and only leads there; what comes back is audited",
    ),
    (
        "complete_provider_log_in",
        "needs a provider; identity's own tests look for its rows",
    ),
    (
        "begin_link",
        "needs a provider, and only leads there; what comes back is audited",
    ),
    (
        "complete_link",
        "needs a provider; identity's own tests look for its row",
    ),
    (
        "remove_link",
        "needs a linked account; identity's own tests look for its row",
    ),
    (
        "begin_passkey",
        "asks an authenticator; what its answer does is audited",
    ),
    (
        "begin_passkey_log_in",
        "asks an authenticator; what its answer does is audited",
    ),
    (
        "begin_passkey_step_up",
        "asks an authenticator; what its answer does is audited",
    ),
    ("replay_job", "needs a job that died; it does nothing here"),
    (
        "start_backup",
        "needs a place for backups; it does nothing here",
    ),
    ("verify_backup", "needs a backup; it does nothing here"),
    (
        "restore_tenant",
        "needs a backup; the tests of backups look for its row",
    ),
    ("check_import", "works out what an import would do"),
    ("quote_fee", "works out a price"),
    (
        "use_advance",
        "nothing was paid ahead that a due could take; spaces' own tests pay with it",
    ),
    (
        "keep_deposit",
        "needs a deposit; spaces' own tests keep one",
    ),
    ("create_branch", "the product's data, no act of security"),
    ("update_branch", "the product's data, no act of security"),
    ("delete_branch", "the product's data, no act of security"),
    ("create_student", "the product's data, no act of security"),
    ("add_document", "the tenant's log has it, not control's"),
    ("remove_document", "the tenant's log has it, not control's"),
    ("add_number", "the tenant's log has it, not control's"),
    ("reveal_number", "the tenant's log has it, not control's"),
    ("remove_number", "the tenant's log has it, not control's"),
    ("create_lead", "the tenant's log has it, not control's"),
    ("update_lead", "the tenant's log has it, not control's"),
    ("convert_lead", "the tenant's log has it, not control's"),
    ("create_referral", "the tenant's log has it, not control's"),
    (
        "withdraw_referral",
        "the tenant's log has it, not control's",
    ),
    ("open_ticket", "the tenant's log has it, not control's"),
    ("update_ticket", "the tenant's log has it, not control's"),
    ("comment_ticket", "the tenant's log has it, not control's"),
    (
        "create_announcement",
        "the tenant's log has it, not control's",
    ),
    (
        "update_announcement",
        "the tenant's log has it, not control's",
    ),
    (
        "delete_announcement",
        "the tenant's log has it, not control's",
    ),
    (
        "upload_file",
        "the tenant's log has it; the tests of files look for its row",
    ),
    ("update_student", "the product's data, no act of security"),
    ("delete_student", "the product's data, no act of security"),
    (
        "create_import",
        "the product's data; an import keeps its own record",
    ),
    (
        "update_import",
        "the product's data; an import keeps its own record",
    ),
    (
        "run_import",
        "the product's data; an import keeps its own record",
    ),
    (
        "reverse_import",
        "the product's data; an import keeps its own record",
    ),
];

pub(super) async fn check(stage: &Stage, rows: &[(&Operation, &Row)], report: &mut Report) {
    let mut calls = special(stage).await;
    for (operation, row) in rows.iter().copied() {
        if operation.reads() {
            continue;
        }
        let known = listed(row.id);
        report.fact(
            known == 1,
            row.id,
            "-",
            "one entry in acts.rs",
            &known.to_string(),
        );
        if WRITES.iter().any(|(id, _)| *id == row.id) {
            let (caller, request) = call(stage, operation, row, report).await;
            calls.push((row.id, caller, request));
        }
    }
    for (id, _) in WRITES.iter().chain(WRITES_ELSEWHERE) {
        let there = rows.iter().any(|(_, row)| row.id == *id);
        report.fact(there, id, "-", "an operation", "an entry in acts.rs only");
    }
    let log = log(stage);
    for (id, caller, request) in calls {
        let none = BTreeSet::new();
        let written = log.by_request.get(&request).unwrap_or(&none);
        let wanted = wanted(id);
        report.fact(
            wanted.iter().all(|action| written.contains(*action)),
            id,
            &caller,
            &format!("{wanted:?}"),
            &format!("{written:?}"),
        );
    }
    for id in ["verify_email", "set_up", "complete_log_in", "confirm_totp"] {
        for action in wanted(id) {
            let there = log.actions.contains(*action);
            report.fact(there, id, "stage", action, "no such row");
        }
    }
}

fn listed(id: &str) -> usize {
    let with = WRITES.iter().chain(WRITES_ELSEWHERE);
    let with = with.filter(|(known, _)| *known == id).count();
    let product = halls::OF_THE_PRODUCT.iter().chain(desk::OF_THE_PRODUCT);
    let product = product.filter(|known| **known == id);
    with + product.count() + WRITES_NONE.iter().filter(|(known, _)| *known == id).count()
}

fn wanted(id: &str) -> &'static [&'static str] {
    WRITES
        .iter()
        .chain(WRITES_ELSEWHERE)
        .find(|(known, _)| *known == id)
        .map_or(&[], |(_, actions)| actions)
}

/// Calls as the first who may; somebody new where it ends what the others need.
async fn call(
    stage: &Stage,
    operation: &Operation,
    row: &Row,
    report: &mut Report,
) -> (String, String) {
    let newcomer;
    let actor: &Actor = if row.last {
        newcomer = stage.newcomer().await;
        &newcomer
    } else {
        let may = |actor: &&Actor| {
            let apt = !operation.is_public() || actor.kind == Kind::Nobody;
            apt && stage.catalogue.expected(operation, actor) == Expected::Served
        };
        stage.actors.iter().find(may).unwrap()
    };
    let mut place = stage.place_for(operation);
    place.set("password", &actor.password);
    let mut client = actor.client.clone();
    for fresh in &row.fresh {
        stage.freshen(*fresh, actor, &mut client, &mut place).await;
    }
    if row.id == "resume_tenant" {
        let path = format!("/api/v1/admin/tenants/{}/suspension", place["tenant"]);
        let reason = json!({"reason": "not paid"});
        client.post(&path).json(&reason).await.expect(200).done();
    }
    let request = row.request(&stage.document, operation, &place).await;
    let answer = request.send(&client).await;
    let holds = Expected::Served.is_met_by(&answer);
    report.call(holds, row.id, &actor.name, "2xx", &answer);
    (actor.name.clone(), request_id(&answer))
}

fn request_id(answer: &Answer) -> String {
    answer.header("x-request-id").unwrap().to_owned()
}

/// What needs a mailed link.
async fn special(stage: &Stage) -> Vec<(&'static str, String, String)> {
    let person = stage.newcomer().await;
    let nobody = person.client.anonymous();
    let ask = json!({"email": person.email});
    nobody
        .post("/api/v1/auth/password-resets")
        .json(&ask)
        .await
        .expect(202)
        .done();
    let token = stage
        .mail
        .wait_mail(&person.email, "password", PATIENCE)
        .await
        .parameter("token");
    let body = json!({"token": token, "password": PASSWORD});
    let reset = nobody
        .post("/api/v1/auth/password-resets/confirm")
        .json(&body)
        .await
        .expect(204);

    // Somebody whom no other part of the matrix looks for.
    let outsider = stage
        .join_by_mail(&stage.other, Kind::over_all("member"))
        .await;
    let known = stage.mail.newest().await;
    let path = format!(
        "/api/v1/tenants/{}/identity/invitations",
        stage.first["tenant"]
    );
    let invitation = json!({"email": outsider.email, "role": "member"});
    stage
        .owner()
        .client
        .post(&path)
        .json(&invitation)
        .await
        .expect(201)
        .done();
    let token = stage
        .mail
        .wait_mail_since(known, &outsider.email, "invit", PATIENCE)
        .await
        .parameter("token");
    let accepted = outsider
        .client
        .post("/api/v1/me/invitations/accept")
        .json(&json!({"token": token}))
        .await
        .expect(200);
    // As before: the matrix counts on their being no member here.
    let membership = format!("/api/v1/me/memberships/{}", stage.first["tenant"]);
    outsider.client.delete(&membership).await.expect(204).done();
    let new_email = format!("moved-{}@example.com", stage.next());
    let mover = stage.newcomer().await;
    mover
        .client
        .post("/api/v1/me/email-changes")
        .json(&json!({"email": new_email}))
        .await
        .expect(202)
        .done();
    let token = stage
        .mail
        .wait_mail(&new_email, "", PATIENCE)
        .await
        .parameter("token");
    let confirmed = nobody
        .post("/api/v1/auth/email-changes/confirm")
        .json(&json!({"token": token}))
        .await
        .expect(204);
    let mut calls = passkey(stage).await;
    calls.extend([
        (
            "confirm_email_change",
            mover.name.clone(),
            request_id(&confirmed),
        ),
        (
            "confirm_password_reset",
            "a member".to_owned(),
            request_id(&reset),
        ),
        (
            "accept_invitation_as_me",
            outsider.name.clone(),
            request_id(&accepted),
        ),
    ]);
    calls
}

/// A passkey's life, of somebody whom no other part of the matrix looks for.
async fn passkey(stage: &Stage) -> Vec<(&'static str, String, String)> {
    let person = stage.newcomer().await;
    let nobody = person.client.anonymous();
    let mut key = SoftPasskey::new(&stage.server.url().replace("127.0.0.1", "localhost"));
    let asked = person
        .client
        .post("/api/v1/me/passkeys/ceremonies")
        .await
        .expect(201)
        .value();
    let made = key.create(&asked["public_key"]);
    let body = json!({"ceremony": asked["ceremony"], "name": "A key", "credential": made});
    let registered = person.client.post("/api/v1/me/passkeys").json(&body);
    let registered = registered.await.expect(201);
    let asked = nobody
        .post("/api/v1/auth/passkey-ceremonies")
        .json(&json!({}))
        .await
        .expect(201)
        .value();
    let shown = key.get(&asked["public_key"]);
    let body = json!({"passkey": {"ceremony": asked["ceremony"], "credential": shown}});
    let begun = nobody.post("/api/v1/auth/sessions/passkey").json(&body);
    let begun = begun.await.expect(201);
    let path = format!("/api/v1/me/passkeys/{}", registered.text_at("/passkey/id"));
    let name = json!({"name": "Another name"});
    let renamed = person.client.put(&path).json(&name).await.expect(204);
    let removed = person.client.delete(&path).await.expect(204);
    [
        ("register_passkey", registered),
        ("log_in_by_passkey", begun),
        ("rename_passkey", renamed),
        ("remove_passkey", removed),
    ]
    .map(|(id, answer)| (id, person.name.clone(), request_id(&answer)))
    .into()
}

struct Log {
    by_request: BTreeMap<String, BTreeSet<String>>,
    actions: BTreeSet<String>,
}

/// Control's log, which holds what identity and tenancy do.
fn log(stage: &Stage) -> Log {
    let exported = stage
        .server
        .command(&["auditlog", "export", "--control", "--format", "jsonl"]);
    let mut log = Log {
        by_request: BTreeMap::new(),
        actions: BTreeSet::new(),
    };
    for line in exported.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        if row["record"] != "row" {
            continue;
        }
        let action = row["action"].as_str().unwrap().to_owned();
        if let Some(request) = row["request_id"].as_str() {
            let actions = log.by_request.entry(request.to_owned()).or_default();
            actions.insert(action.clone());
        }
        log.actions.insert(action);
    }
    log
}
