//! A desk that enters students under idempotency keys and changes them, one at a time.

use std::collections::BTreeMap;

use gantry_testkit::Owner;
use serde_json::{Value, json};

use super::world::{Step, World};
use crate::steps::student;

/// New students in one round, so that rounds stay of a size.
const PER_ROUND: u32 = 12;

#[derive(Debug)]
enum Task {
    Create {
        key: String,
        body: Value,
    },
    Change {
        id: String,
        etag: String,
        notes: String,
        unsure: bool,
    },
}

/// What a desk did and was told.
#[derive(Debug)]
pub(super) struct Desk {
    owner: Owner,
    branch: String,
    name: String,
    count: u32,
    this_round: u32,
    task: Option<Task>,
    /// Acknowledged students by id: name and notes.
    pub(super) students: BTreeMap<String, (String, Option<String>)>,
}

impl Desk {
    pub(super) fn new(owner: &Owner, branch: &str, name: &str) -> Self {
        Self {
            owner: owner.clone(),
            branch: branch.to_owned(),
            name: name.to_owned(),
            count: 0,
            this_round: 0,
            task: None,
            students: BTreeMap::new(),
        }
    }

    pub(super) fn new_round(&mut self) {
        self.this_round = 0;
    }

    /// Whether everything it asked for was acknowledged.
    pub(super) fn is_settled(&self) -> bool {
        self.task.is_none()
    }

    pub(super) async fn step(&mut self, world: &World) -> Step {
        let Some(task) = self.task.take() else {
            if self.this_round == PER_ROUND {
                return Step::Over;
            }
            self.task = Some(self.next_task(world));
            return Step::On;
        };
        match task {
            Task::Create { key, body } => self.create(world, key, body).await,
            Task::Change {
                id,
                etag,
                notes,
                unsure,
            } => self.change(world, id, etag, notes, unsure).await,
        }
    }

    /// Finishes what is under way and begins nothing.
    pub(super) async fn settle(&mut self, world: &World) {
        while !self.is_settled() {
            assert_ne!(
                self.step(world).await,
                Step::Lost,
                "nobody kills the server now"
            );
        }
    }

    fn next_task(&mut self, world: &World) -> Task {
        self.count += 1;
        self.this_round += 1;
        let key = format!("{}-{}", self.name, self.count);
        let body = student(&self.branch, &format!("Student {key}"), world.phone());
        Task::Create { key, body }
    }

    async fn create(&mut self, world: &World, key: String, body: Value) -> Step {
        let path = self.owner.path("/spaces/students");
        let call = self
            .owner
            .client
            .post(&path)
            .json(&body)
            .idempotency_key(&key);
        let Some(answer) = world.ask(call).await else {
            self.task = Some(Task::Create { key, body });
            return Step::Lost;
        };
        let answer = answer.expect(201);
        let (id, name) = (answer.text_at("/id"), answer.text_at("/name"));
        assert_eq!(
            Some(name.as_str()),
            body["name"].as_str(),
            "another student's answer\n{answer}"
        );
        let known = self.students.insert(id.clone(), (name, None));
        assert!(known.is_none(), "two keys, one student\n{answer}");
        if world.dice.below(3) == 0 {
            let (etag, notes) = (answer.etag(), format!("noted under {key}"));
            self.task = Some(Task::Change {
                id,
                etag,
                notes,
                unsure: false,
            });
        }
        Step::On
    }

    async fn change(
        &mut self,
        world: &World,
        id: String,
        etag: String,
        notes: String,
        unsure: bool,
    ) -> Step {
        let path = self.owner.path(&format!("/spaces/students/{id}"));
        let call = self
            .owner
            .client
            .patch(&path)
            .if_match(&etag)
            .json(&json!({"notes": notes}));
        let Some(answer) = world.ask(call).await else {
            self.task = Some(Task::Change {
                id,
                etag,
                notes,
                unsure: true,
            });
            return Step::Lost;
        };
        if unsure && answer.status() == 412 {
            // Then the first request was carried out; the audit looks whether it really was.
            answer.problem(412, "version_mismatch").done();
        } else {
            answer.expect(200).done();
        }
        if let Some((_, known)) = self.students.get_mut(&id) {
            *known = Some(notes);
        }
        Step::On
    }
}
