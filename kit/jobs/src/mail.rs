//! What a module declares about a mail it sends: its texts, and how to fill them in at send time.

use std::{fmt, sync::Arc};

use futures_util::{FutureExt, future::BoxFuture};
use gantry_kernel::Email;
use serde_json::Value;

use crate::{JobError, OutboxId, Place};

type Prepare =
    Arc<dyn Fn(OutboxMail) -> BoxFuture<'static, Result<Option<Value>, JobError>> + Send + Sync>;

/// The mail that is about to be sent.
#[derive(Clone)]
pub struct OutboxMail {
    /// The intent.
    pub id: OutboxId,
    /// Who gets it.
    pub to: Email,
    /// The ids it was put with.
    pub params: Value,
    /// The database it was put in.
    pub place: Place,
}

/// A kind of mail. The templates are minijinja sources; the HTML one escapes what it is given.
#[derive(Clone)]
pub struct MailKind {
    /// The name under which mails of this kind are put into the outbox.
    pub name: &'static str,
    /// One line; line breaks in it are taken out.
    pub subject: &'static str,
    /// The plain text part.
    pub text: &'static str,
    /// The HTML part.
    pub html: &'static str,
    /// Example variables, with which tests render the templates.
    pub example: fn() -> Value,
    prepare: Prepare,
}

impl MailKind {
    /// `prepare` runs at each attempt, right before sending: it reads what the mail tells, mints its
    /// token and stores the token's hash. `None` means that the mail is no longer wanted.
    pub fn new<F, R>(
        name: &'static str,
        subject: &'static str,
        text: &'static str,
        html: &'static str,
        example: fn() -> Value,
        prepare: F,
    ) -> Self
    where
        F: Fn(OutboxMail) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Option<Value>, JobError>> + Send + 'static,
    {
        Self {
            name,
            subject,
            text,
            html,
            example,
            prepare: Arc::new(move |mail| prepare(mail).boxed()),
        }
    }

    /// The template's variables for one mail. They hold secrets: never log or store them.
    pub async fn prepare(&self, mail: OutboxMail) -> Result<Option<Value>, JobError> {
        (self.prepare)(mail).await
    }
}

impl fmt::Debug for MailKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailKind")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
