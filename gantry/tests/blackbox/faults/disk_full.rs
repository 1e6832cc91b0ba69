//! No room for one more page: what is refused says so, nothing is half written, and with room again
//! it goes on.

use std::path::PathBuf;
use std::process::Command;

use gantry_testkit::{Call, Engine, Owner, Server, ServerOptions, SmtpSim, assert_sound};
use serde_json::{Value, json};

use crate::steps::{open_branch, student, students};

const FILLER: &str = "filler";

/// A file system of its own that is small; unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where nobody may mount, with the words of the system.
    fn mount(at: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&at).expect("a place to mount at");
        let tried = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=48m,mode=700", "gantry-test"])
            .arg(&at)
            .output();
        match tried {
            Ok(done) if done.status.success() => Some(Self(at)),
            refused => {
                eprintln!("no small disk here, only a size limit is tested: {refused:?}");
                None
            }
        }
    }

    fn fill(&self) {
        let rest = vec![0x5a_u8; 64 * 1024 * 1024];
        let written = std::fs::write(self.0.join(FILLER), rest);
        assert_eq!(
            written.map_err(|error| error.kind()),
            Err(std::io::ErrorKind::StorageFull)
        );
    }

    fn make_room(&self) {
        std::fs::remove_file(self.0.join(FILLER)).expect("the filler");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A file still open somewhere must not keep the folder from being removed.
        drop(Command::new("umount").arg("-l").arg(&self.0).output());
    }
}

struct Hall {
    owner: Owner,
    branch: String,
}

impl Hall {
    async fn open(server: &Server, mail: &SmtpSim, handle: &str) -> Self {
        let owner = Owner::ready(&server.client(), mail, handle).await;
        let branch = open_branch(&owner, "MAIN").await;
        Self { owner, branch }
    }

    /// A student whose notes need pages of their own.
    fn create(&self, number: u32) -> Call {
        let mut body = student(&self.branch, &format!("Student {number}"), number);
        body["notes"] = Value::from("notes ".repeat(150));
        let key = format!("student-{number}");
        let path = self.owner.path("/spaces/students");
        self.owner
            .client
            .post(&path)
            .json(&body)
            .idempotency_key(&key)
    }

    /// Enters students until one is refused; answers how many there are.
    async fn fill(&self) -> u32 {
        for number in 0..20_000 {
            let answer = self.create(number).await;
            if answer.status() != 201 {
                let answer = answer.problem(503, "disk_full");
                assert!(answer.header("retry-after").is_some(), "{answer}");
                return number;
            }
        }
        panic!("there is no end to this disk");
    }

    async fn count(&self) -> u32 {
        let found = students(&self.owner.client, &self.owner.slug).await;
        u32::try_from(found.len()).unwrap()
    }
}

fn options(mail: &SmtpSim) -> ServerOptions {
    ServerOptions::new(Engine::Sqlite)
        .mail(mail)
        .env("GANTRY_HTTP__LIMITS__OFF", "true")
}

fn all_sound(server: &Server, halls: &[&Hall]) {
    for hall in halls {
        let tenant = &hall.owner.tenant;
        let folder = server
            .data_dir()
            .join("tenants")
            .join(&tenant[tenant.len() - 2..]);
        assert_sound(&folder.join(format!("{tenant}.db")));
    }
    assert_sound(&server.data_dir().join("control.db"));
}

#[test]
fn a_tenant_at_its_size_limit_is_told_and_the_others_go_on() {
    gantry_testkit::engines::block_on(async {
        let mail = SmtpSim::start().await;
        let limit = ("GANTRY_DATABASE__SQLITE__MAX_DATABASE_SIZE", "2MiB");
        let mut server = options(&mail).env(limit.0, limit.1).start().await;
        let full = Hall::open(&server, &mail, "full").await;
        let other = Hall::open(&server, &mail, "other").await;
        let there = full.fill().await;
        assert!(there > 10, "only {there} students fitted");
        assert_eq!(full.count().await, there, "a refused student is not there");
        other.create(1).await.expect(201).done();
        server.client().get("/readyz").await.expect(200).done();

        server.stop().await;
        server.set_env(limit.0, "64MiB");
        server.restart().await;
        full.create(there).await.expect(201).done();
        assert_eq!(full.count().await, there + 1);
        server.stop().await;
        all_sound(&server, &[&full, &other]);
    });
}

#[test]
fn a_full_disk_is_told_and_forgotten_when_there_is_room() {
    gantry_testkit::engines::block_on(async {
        let mail = SmtpSim::start().await;
        let options = options(&mail);
        let Some(disk) = SmallDisk::mount(options.databases().data_dir()) else {
            return;
        };
        let mut server = options.start().await;
        let north = Hall::open(&server, &mail, "north").await;
        let south = Hall::open(&server, &mail, "south").await;
        disk.fill();

        // A log has room in pages it has used before, so the first writes may still fit.
        let there = north.fill().await;
        assert_eq!(north.count().await, there, "a refused student is not there");
        let beside = south.fill().await;
        let newcomer = Owner::new(&server.client(), "east");
        let refused = json!(newcomer.sign_up_body());
        let mut signed_up = 0;
        loop {
            let call = newcomer.client.post("/api/v1/auth/sign-ups").json(&refused);
            let answer = call.await;
            if answer.status() == 202 && signed_up < 500 {
                signed_up += 1;
                continue;
            }
            answer.problem(503, "disk_full").done();
            break;
        }
        server.client().get("/healthz").await.expect(200).done();

        disk.make_room();
        north.create(there).await.expect(201).done();
        assert_eq!(north.count().await, there + 1);
        assert_eq!(south.count().await, beside);
        let mut late = Owner::new(&server.client(), "west");
        late.sign_up().await;
        late.confirm(&mail).await;
        late.log_in().await;
        late.wait_active().await;
        server.stop().await;
        all_sound(&server, &[&north, &south]);
    });
}
