//! `gantry ledger verify`.

use gantry_db::{Databases, DbError, TenantTx, args, sql};
use gantry_kernel::{Kernel, TenantId};
use gantry_testkit::{Owner, Server, SmtpSim, both_engines};
use serde_json::{Value, json};

use super::beside;

async fn made(owner: &Owner, path: &str, body: Value) -> Value {
    let path = owner.path(path);
    owner
        .client
        .post(&path)
        .json(&body)
        .await
        .expect(201)
        .value()
}

/// What somebody does who owns the database.
async fn tamper(server: &Server, tenant: TenantId) {
    let migrations = gantry::App::new().unwrap().registry().migrations().clone();
    let config = server.databases().config();
    let databases = Databases::open(config, Kernel::system(), migrations)
        .await
        .unwrap();
    let db = databases.tenants.get(tenant).await.unwrap();
    let change = async |tx: &mut TenantTx| {
        let disarm = sql! {
            sqlite: "drop trigger ledger_postings_no_update",
            postgres: "alter table ledger_postings disable trigger ledger_postings_no_change",
        };
        tx.execute(disarm, &args![]).await?;
        let more = sql!("update ledger_postings set amount = amount + 1 where amount = 5900");
        tx.execute(more, &args![]).await?;
        Ok::<_, DbError>(())
    };
    db.write(change).await.unwrap();
    databases.close().await.unwrap();
}

both_engines! {
    async fn the_books_are_read_and_a_changed_amount_is_found(engine: Engine) {
        let mail = SmtpSim::start().await;
        let mut server = Server::start(engine, &mail).await;
        let owner = Owner::ready(&server.client(), &mail, "north").await;
        let branch = made(&owner, "/spaces/branches", json!({"code": "A", "name": "Hall"})).await["id"].clone();
        let student = json!({"branch_id": branch, "name": "Asha Rao", "phone": "9000000001"});
        let student = made(&owner, "/spaces/students", student).await["id"].clone();
        let other = json!({"branch_id": branch, "title": "Key", "price": 5_900, "pricing": "inclusive", "rate": 1800});
        made(&owner, "/spaces/dues", json!({"student_id": student, "for_what": {"other": other}})).await;
        let paid = json!({"branch_id": branch, "student_id": student, "method": "cash", "amount": 1_000});
        made(&owner, "/spaces/payments", paid).await;

        let said = beside(&server, &["ledger", "verify"]).ends(0).out;
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines, ["control: 0 entries, 0 postings", &format!("{}: 2 entries, 4 postings", owner.slug)]);
        let one = beside(&server, &["ledger", "verify", "--tenant", &owner.slug]).ends(0).out;
        assert_eq!(one.trim_end(), lines[1]);
        let nobody = beside(&server, &["ledger", "verify", "--tenant", "nobody"]).ends(1);
        assert!(nobody.err.contains("there is no tenant nobody"), "{}", nobody.err);

        server.stop().await;
        tamper(&server, owner.tenant.parse().unwrap()).await;
        let said = beside(&server, &["ledger", "verify"]).ends(1);
        assert!(said.err.contains("debits exceed credits by 1"), "{}", said.err);
        assert!(said.err.contains("its postings are not its lines"), "{}", said.err);
    }
}
