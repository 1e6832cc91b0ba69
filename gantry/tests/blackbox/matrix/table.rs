//! How to call each operation. A new operation needs its row here: the test names those without one.

use serde_json::json;

use super::row::{Fresh, Place, Row};

/// Good for every account made here.
pub(super) const PASSWORD: &str = "slow-train-through-valleys";

/// All rows.
pub(super) fn table() -> Vec<Row> {
    [
        server(),
        strangers(),
        me(),
        members(),
        workspaces(),
        mail(),
        branches(),
        students(),
        imports(),
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
        Row::new("refresh_tokens")
            .json(|place| json!({"refresh_token": place["refresh_token"]}))
            .fresh(Fresh::Session),
        Row::new("request_password_reset").json(|place| json!({"email": new_email(place)})),
        Row::new("confirm_password_reset")
            .json(|_| json!({"token": "no such token", "password": PASSWORD}))
            .or(410, "link_gone"),
        Row::new("inspect_invitation").json(|place| json!({"token": place["token"]})),
        Row::new("accept_invitation")
            .json(|place| json!({"token": place["token"], "name": "New Person", "password": PASSWORD}))
            .fresh(Fresh::InvitationMail),
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
        Row::new("leave_workspace").alias("workspace", "tenant").fresh(Fresh::Leaver).once(),
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
        Row::new("list_roles"),
        Row::new("list_invitations").query("page_size=100").shows("invitation"),
        Row::new("create_invitation")
            .json(|place| json!({"email": new_email(place), "role": "member", "scope": "all", "units": []})),
        Row::new("revoke_invitation").fresh(Fresh::Invitation),
        Row::new("resend_invitation").fresh(Fresh::Invitation),
        Row::new("list_audit").query("page_size=100&outcome=done"),
    ]
}

fn workspaces() -> Vec<Row> {
    vec![
        Row::new("get_workspace").shows("tenant_id"),
        Row::new("update_workspace").json(|_| json!({"name": "Renamed Space"})).versioned("get_workspace"),
        Row::new("list_workspace_limits"),
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
    ]
}

fn mail() -> Vec<Row> {
    vec![
        Row::new("list_mails").query("page_size=100").shows("mail"),
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
