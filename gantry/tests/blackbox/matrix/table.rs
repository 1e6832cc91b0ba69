//! How to call each operation. A new operation needs its row here: the test names those without one.

use serde_json::json;

use super::desk;
use super::halls;
use super::row::{Fresh, Place, Row};

/// Good for every account made here.
pub(super) const PASSWORD: &str = "slow-train-through-valleys";

/// All rows.
pub(super) fn table() -> Vec<Row> {
    [
        server(),
        strangers(),
        me(),
        own_account(),
        people(),
        members(),
        services(),
        providers(),
        workspaces(),
        mail(),
        backups(),
        vitals(),
        branches(),
        students(),
        imports(),
        files(),
        documents(),
        leads(),
        desk(),
        desk::rows(),
        halls::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// An address nobody else uses.
fn new_email(place: &Place) -> String {
    format!("new-{}@example.com", place["serial"])
}

fn server() -> Vec<Row> {
    vec![
        Row::new("get_alive"),
        Row::new("get_ready"),
        Row::new("get_health"),
        Row::new("get_openapi"),
        Row::new("get_docs"),
        Row::new("get_docs_style"),
        Row::new("get_error_code"),
        Row::new("get_security_txt"),
        Row::new("get_jwks"),
    ]
}

fn strangers() -> Vec<Row> {
    vec![
        Row::new("sign_up").json(|place| {
            json!({
                "email": new_email(place), "password": PASSWORD, "name": "New Person",
                "workspace_name": "New Space", "workspace_slug": format!("new-space-{}", place["serial"]),
            })
        }),
        Row::new("verify_email").json(|_| json!({"token": "no such token"})).or(410, "link_gone"),
        Row::new("resend_verification").json(|place| json!({"email": new_email(place)})),
        Row::new("log_in").json(|place| json!({"email": place["email"], "password": PASSWORD})),
        Row::new("complete_log_in")
            .json(|_| json!({"challenge": "no such challenge", "code": "000000"}))
            .or(410, "challenge_gone"),
        // A page at the address, and not at the name, is told that it has no passkeys.
        Row::new("begin_passkey_log_in").json(|_| json!({})).or(409, "passkeys_unavailable"),
        Row::new("log_in_by_passkey")
            .json(|_| json!({"passkey": {"ceremony": "no such ceremony", "credential": {}}}))
            .or(410, "passkey_ceremony_gone"),
        Row::new("refresh_tokens")
            .json(|place| json!({"refresh_token": place["refresh_token"]}))
            .fresh(Fresh::Session),
        Row::new("request_password_reset").json(|place| json!({"email": new_email(place)})),
        Row::new("confirm_password_reset")
            .json(|_| json!({"token": "no such token", "password": PASSWORD}))
            .or(410, "link_gone"),
        Row::new("rate_password").json(|_| json!({"password": PASSWORD, "hints": ["New Person"]})),
        Row::new("unlock").json(|_| json!({"token": "no such token"})).or(410, "link_gone"),
        Row::new("inspect_invitation").json(|place| json!({"token": place["token"]})),
        Row::new("accept_invitation")
            .json(|place| json!({"token": place["token"], "name": "New Person", "password": PASSWORD}))
            .fresh(Fresh::InvitationMail),
        Row::new("list_sign_in_providers"),
        // None is configured here.
        Row::new("begin_provider_log_in").alias("provider", "code").json(|_| json!({})).or(404, "not_found"),
        Row::new("complete_provider_log_in")
            .json(|_| json!({"state": "no such state", "code": "no such code"}))
            .or(410, "attempt_gone"),
        Row::new("set_up")
            .json(|place| {
                json!({
                    "token": "no such token", "email": new_email(place), "name": "New Person", "password": PASSWORD,
                })
            })
            .or(410, "link_gone"),
    ]
}

fn me() -> Vec<Row> {
    vec![
        Row::new("get_me"),
        Row::new("get_csrf_token"),
        Row::new("list_sessions"),
        Row::new("list_notices").query("page_size=100"),
        Row::new("read_notices").json(|_| json!({"ids": []})),
        Row::new("log_out").fresh(Fresh::Session),
        Row::new("end_session").fresh(Fresh::Session),
        Row::new("end_all_sessions").fresh(Fresh::Session).last(),
        // The same again: the others of the cast stay able to sign in.
        Row::new("change_password")
            .json(|place| json!({"current_password": place["password"], "new_password": place["password"]})),
        // Nobody here has the invited address.
        Row::new("accept_invitation_as_me")
            .json(|place| json!({"token": place["token"]}))
            .or(410, "link_gone"),
        // Who has a second factor must confirm with that.
        Row::new("step_up").json(|place| json!({"password": place["password"]})).or(422, "invalid_request"),
        Row::new("get_factors"),
        Row::new("enrol_totp").or(409, "totp_exists"),
        // A code nobody's app shows; those who have an app have nothing to confirm.
        Row::new("confirm_totp")
            .json(|_| json!({"code": "no code"}))
            .or(422, "invalid_request")
            .or(409, "totp_not_begun"),
        Row::new("remove_totp").fresh(Fresh::Leaver).once().or(404, "not_found"),
        Row::new("replace_recovery_codes").fresh(Fresh::Leaver).once().or(409, "no_second_factor"),
        Row::new("list_linked_accounts"),
        Row::new("begin_link").alias("provider", "code").or(404, "not_found"),
        Row::new("complete_link")
            .json(|_| json!({"state": "no such state", "code": "no such code"}))
            .or(410, "attempt_gone"),
        Row::new("remove_link").alias("link", "job").or(404, "not_found"),
        Row::new("begin_passkey_step_up").or(409, "no_passkey").or(409, "passkeys_unavailable"),
        Row::new("list_passkeys"),
        Row::new("begin_passkey").or(409, "passkeys_unavailable"),
        Row::new("register_passkey")
            .json(|_| json!({"ceremony": "no such ceremony", "name": "A key", "credential": {}}))
            .or(410, "passkey_ceremony_gone"),
        // Nobody here has one of that name.
        Row::new("rename_passkey")
            .alias("passkey", "member")
            .json(|_| json!({"name": "Another name"}))
            .or(404, "not_found"),
        Row::new("remove_passkey").alias("passkey", "member").or(404, "not_found"),
        Row::new("leave_workspace").alias("workspace", "tenant").fresh(Fresh::Leaver).once(),
    ]
}

fn own_account() -> Vec<Row> {
    vec![
        Row::new("request_email_change").json(|place| json!({"email": new_email(place)})),
        Row::new("confirm_email_change")
            .json(|_| json!({"token": "no such token"}))
            .or(410, "link_gone"),
        Row::new("export_me"),
        Row::new("close_account").fresh(Fresh::Leaver).once(),
    ]
}

fn people() -> Vec<Row> {
    vec![
        Row::new("list_people").query("page_size=100").shows("member"),
        Row::new("get_person").alias("person", "member").shows("member"),
        Row::new("suspend_person")
            .alias("person", "member")
            .json(|_| json!({"reason": "left for good"}))
            .fresh(Fresh::Member),
        Row::new("resume_person").alias("person", "member").fresh(Fresh::Member),
        Row::new("impersonate")
            .json(|place| {
                json!({
                    "person": place["member"], "workspace": place["tenant"], "reason": "as the matrix asks",
                })
            })
            .fresh(Fresh::Member),
    ]
}

fn members() -> Vec<Row> {
    vec![
        Row::new("list_members").query("page_size=100").shows("member"),
        Row::new("get_member").shows("member"),
        Row::new("set_member_grants")
            .json(|_| json!({"grants": [{"role": "member", "scope": "all", "units": []}]}))
            .versioned("get_member")
            .fresh(Fresh::Member),
        Row::new("remove_member").fresh(Fresh::Member),
        Row::new("list_permissions"),
        Row::new("list_roles").shows("role"),
        Row::new("get_role").shows("role"),
        Row::new("create_role")
            .json(|place| json!({"title": format!("Made {}", place["serial"]), "permissions": ["spaces.student.read"]})),
        Row::new("update_role")
            .json(|place| json!({"title": format!("Changed {}", place["serial"]), "permissions": ["spaces.branch.read"]}))
            .versioned("get_role")
            .fresh(Fresh::Role),
        Row::new("delete_role").versioned("get_role").fresh(Fresh::Role),
        Row::new("list_invitations").query("page_size=100").shows("invitation"),
        Row::new("create_invitation")
            .json(|place| json!({"email": new_email(place), "role": "member", "scope": "all", "units": []})),
        Row::new("revoke_invitation").fresh(Fresh::Invitation),
        Row::new("resend_invitation").fresh(Fresh::Invitation),
        Row::new("get_security"),
        Row::new("set_security").json(|_| json!({"require_second_factor": false})),
        Row::new("list_audit").query("page_size=100&outcome=done"),
        Row::new("unlock_account").json(|place| json!({"email": place["email"]})),
    ]
}

fn services() -> Vec<Row> {
    vec![
        Row::new("list_service_accounts")
            .query("page_size=100")
            .shows("service"),
        Row::new("get_service_account").shows("service"),
        Row::new("create_service_account").json(|place| {
            json!({
                "name": format!("Made program {}", place["serial"]),
                "grants": [{"role": "spaces.viewer", "scope": "all", "units": []}],
            })
        }),
        Row::new("update_service_account")
            .json(|place| {
                json!({
                    "name": format!("Changed program {}", place["serial"]), "disabled": false,
                    "grants": [{"role": "spaces.viewer", "scope": "all", "units": []}],
                })
            })
            .versioned("get_service_account")
            .fresh(Fresh::Service),
        Row::new("delete_service_account").fresh(Fresh::Service),
        Row::new("list_api_keys")
            .query("page_size=100")
            .shows("key"),
        Row::new("create_api_key")
            .json(|_| json!({"name": "made"}))
            .fresh(Fresh::Service),
        Row::new("revoke_api_key").fresh(Fresh::Key),
    ]
}

fn providers() -> Vec<Row> {
    vec![
        Row::new("list_providers").shows("provider"),
        Row::new("get_provider").shows("provider"),
        Row::new("create_provider").json(|place| {
            json!({
                "name": "Made SSO", "issuer": format!("https://sso-{}.example.com", place["serial"]),
                "client_id": "gantry", "client_secret": "a secret",
            })
        }),
        Row::new("update_provider")
            .json(|_| {
                json!({"name": "Changed SSO", "client_id": "gantry", "client_auth": "none", "enabled": false})
            })
            .versioned("get_provider")
            .fresh(Fresh::Provider),
        Row::new("delete_provider").fresh(Fresh::Provider),
    ]
}

fn workspaces() -> Vec<Row> {
    vec![
        Row::new("get_workspace").shows("tenant_id"),
        Row::new("update_workspace").json(|_| json!({"name": "Renamed Space"})).versioned("get_workspace"),
        Row::new("list_workspace_limits"),
        Row::new("stream_events").query("follow=false"),
        Row::new("list_tenants").query("page_size=100").shows("tenant_id"),
        Row::new("create_tenant").json(|place| {
            json!({
                "name": "Made Space", "slug": format!("made-{}", place["serial"]), "owner_identity": place["owner"],
            })
        }),
        Row::new("get_tenant"),
        Row::new("update_tenant")
            .json(|_| json!({"name": "Renamed Space", "limits": {"members": 100}}))
            .versioned("get_tenant"),
        Row::new("suspend_tenant").json(|_| json!({"reason": "not paid"})).fresh(Fresh::Tenant),
        Row::new("resume_tenant").fresh(Fresh::Tenant),
        // Only a tenant whose set-up failed can be set up again.
        Row::new("retry_tenant").or(409, "tenant_state"),
        Row::new("close_tenant").json(|_| json!({"reason": "gone"})).fresh(Fresh::Tenant),
        // Only a closed one can be opened again.
        Row::new("reopen_tenant").fresh(Fresh::Tenant).or(409, "tenant_state"),
        Row::new("list_moves"),
        // There is one home here.
        Row::new("move_tenant").json(|_| json!({"to": "nowhere"})).or(422, "invalid_request"),
        Row::new("confirm_move").alias("move", "job").or(404, "not_found"),
        Row::new("revert_move").alias("move", "job").or(404, "not_found"),
        Row::new("get_fleet"),
        Row::new("migrate_fleet"),
    ]
}

fn vitals() -> Vec<Row> {
    vec![
        Row::new("get_metrics_window"),
        Row::new("get_configuration"),
        Row::new("get_log_level"),
        Row::new("set_log_level").json(|_| json!({"level": "info"})),
        Row::new("reset_log_level"),
    ]
}

fn mail() -> Vec<Row> {
    vec![
        Row::new("list_mails").query("page_size=100"),
        Row::new("retry_mail")
            .alias("id", "mail")
            .or(409, "mail_not_stuck"),
        Row::new("list_dead_jobs").query("page_size=100"),
        // No job has died.
        Row::new("replay_job")
            .alias("id", "job")
            .or(404, "not_found"),
    ]
}

/// There is no place for backups here, so there are none.
fn backups() -> Vec<Row> {
    vec![
        Row::new("list_backups").query("page_size=100"),
        Row::new("start_backup").or(409, "backup_not_configured"),
        Row::new("get_backup")
            .alias("backup", "job")
            .or(404, "not_found"),
        Row::new("list_backup_databases")
            .alias("backup", "job")
            .or(404, "not_found"),
        Row::new("verify_backup")
            .alias("backup", "job")
            .or(404, "not_found"),
        Row::new("restore_tenant")
            .alias("backup", "job")
            .json(|place| json!({"tenant": place["tenant_id"], "reason": "as the matrix asks"}))
            .or(404, "not_found"),
        Row::new("list_backup_works").query("page_size=100"),
        Row::new("get_backup_work")
            .alias("work", "job")
            .or(404, "not_found"),
        Row::new("get_backup_status"),
        Row::new("get_workspace_backups"),
    ]
}

fn branches() -> Vec<Row> {
    vec![
        Row::new("list_branches")
            .query("page_size=100")
            .shows("branch"),
        Row::new("create_branch")
            .json(|place| json!({"code": format!("N{}", place["serial"]), "name": "New hall"})),
        Row::new("get_branch").shows("branch"),
        Row::new("update_branch")
            .json(|_| json!({"city": "Pune"}))
            .versioned("get_branch"),
        Row::new("delete_branch")
            .versioned("get_branch")
            .fresh(Fresh::Branch),
    ]
}

fn students() -> Vec<Row> {
    vec![
        Row::new("list_students")
            .query("page_size=100")
            .shows("student"),
        Row::new("create_student")
            .json(|place| {
                json!({
                    "branch_id": place["branch"], "name": "New Student",
                    "phone": format!("+9190001{:0>5}", place["serial"]),
                })
            })
            .reach("branch", 422, "branch_unknown"),
        Row::new("export_students").shows("student_name"),
        Row::new("get_student").shows("student"),
        Row::new("update_student")
            .json(|place| json!({"branch_id": place["branch"], "notes": "sits by the window"}))
            .versioned("get_student")
            .reach("branch", 422, "branch_unknown"),
        Row::new("delete_student")
            .versioned("get_student")
            .fresh(Fresh::Student),
    ]
}

/// A file with one good row.
pub(super) fn sheet(place: &Place) -> String {
    format!(
        "Name,Mobile\nImported Student,+9190002{:0>5}\n",
        place["serial"]
    )
}

fn imports() -> Vec<Row> {
    vec![
        Row::new("list_imports").query("page_size=100").shows("import").only_own_when_narrow(),
        Row::new("create_import")
            .query("default_branch={branch}&file_name=students.csv")
            .csv(sheet)
            .reach("branch", 422, "branch_unknown"),
        Row::new("get_import").fresh(Fresh::Import).shows("import"),
        Row::new("update_import")
            .json(|place| json!({"mapping": {"name": 1, "phone": 2}, "default_branch": place["branch"]}))
            .fresh(Fresh::Import)
            .reach("branch", 422, "branch_unknown"),
        Row::new("check_import").fresh(Fresh::Import),
        Row::new("run_import").fresh(Fresh::Import),
        Row::new("reverse_import").fresh(Fresh::Import),
        Row::new("list_import_rows").fresh(Fresh::Import).query("page_size=100"),
        Row::new("export_import_errors").fresh(Fresh::Import),
    ]
}

/// A document of one page.
pub(super) fn document(_: &Place) -> String {
    let objects = "%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n";
    let table = "xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Root 1 0 R >>\n";
    format!("{objects}{table}startxref\n{}\n%%EOF\n", objects.len())
}

fn files() -> Vec<Row> {
    vec![
        Row::new("upload_file")
            .query("name=a.pdf")
            .upload("application/pdf", document),
        Row::new("get_file").fresh(Fresh::File).own(),
        Row::new("get_file_content")
            .alias("link", "code")
            .or(404, "not_found"),
    ]
}

fn documents() -> Vec<Row> {
    vec![
        Row::new("list_documents").shows("document"),
        Row::new("add_document")
            .json(|place| json!({"kind": "other", "title": "Form", "file_id": place["file"]}))
            .fresh(Fresh::Student)
            .fresh(Fresh::File),
        Row::new("link_document").query("variant=full"),
        Row::new("remove_document").fresh(Fresh::Document),
        Row::new("list_numbers").shows("number"),
        Row::new("add_number")
            .json(|place| json!({"kind": "other", "title": "Card", "number": format!("CARD-{}-{}", place["serial"], "x")}))
            .fresh(Fresh::Student),
        Row::new("reveal_number").json(|_| json!({"reason": "asked by the police"})),
        Row::new("remove_number").fresh(Fresh::Number),
    ]
}

fn leads() -> Vec<Row> {
    vec![
        Row::new("list_leads").query("page_size=100").shows("lead"),
        Row::new("create_lead")
            .json(|place| {
                json!({
                    "branch_id": place["branch"], "name": "Lead", "source": "walk_in",
                    "phone": format!("+9190004{:0>5}", place["serial"]),
                })
            })
            .reach("branch", 422, "branch_unknown"),
        Row::new("get_lead"),
        Row::new("update_lead")
            .json(|_| json!({"notes": "calls in the evening"}))
            .versioned("get_lead"),
        Row::new("match_lead"),
        Row::new("convert_lead")
            .json(|_| json!({}))
            .fresh(Fresh::Lead),
        Row::new("list_referrals")
            .query("page_size=100")
            .shows("referral"),
        Row::new("create_referral")
            .json(|place| {
                json!({
                    "lead_id": place["lead"], "referrer_id": place["student"],
                    "reward": {"amount": 5_000, "currency": "INR"},
                })
            })
            .fresh(Fresh::Lead)
            .reach("student", 422, "invalid_request"),
        Row::new("withdraw_referral").fresh(Fresh::Referral),
    ]
}

fn desk() -> Vec<Row> {
    vec![
        Row::new("list_tickets")
            .query("page_size=100")
            .shows("ticket"),
        Row::new("open_ticket")
            .json(|place| json!({"branch_id": place["branch"], "subject": "A fan is broken"}))
            .reach("branch", 422, "branch_unknown"),
        Row::new("get_ticket"),
        Row::new("update_ticket")
            .json(|_| json!({"priority": "low"}))
            .versioned("get_ticket"),
        Row::new("list_ticket_comments"),
        Row::new("comment_ticket").json(|_| json!({"text": "on its way"})),
        Row::new("list_announcements")
            .query("page_size=100")
            .shows("announcement"),
        Row::new("create_announcement")
            .json(|place| json!({"branch_id": place["branch"], "title": "Wet paint"}))
            .reach("branch", 422, "branch_unknown"),
        Row::new("get_announcement"),
        Row::new("update_announcement")
            .json(|_| json!({"pinned": true}))
            .versioned("get_announcement"),
        Row::new("delete_announcement")
            .versioned("get_announcement")
            .fresh(Fresh::Announcement),
    ]
}
