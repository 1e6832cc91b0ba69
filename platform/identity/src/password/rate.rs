//! How strong a password would be, for forms that show it while it is typed. Nothing is kept or logged.

use std::sync::Arc;

use gantry_http::{Body, Json, PublicCx, RequestContext, Subject};
use gantry_kernel::{Problem, Secret, Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Owner;
use super::rules::judge;
use crate::{Error, Identity};

/// Most hints of one request.
const MAX_HINTS: usize = 10;

/// A password and what it must not be made of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Candidate {
    /// The password as far as it is typed.
    password: Secret<String>,
    /// What is known about the person: address, name, workspace. At most 10.
    #[serde(default)]
    #[schemars(length(max = 10))]
    hints: Vec<Text<1, 254>>,
}

/// What is thought of a password.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Rating {
    /// 0 (guessed at once) to 4 (out of reach), by zxcvbn.
    score: u8,
    /// The power of ten of the guesses it takes; estimates end at 19.3.
    guesses_log10: f64,
    /// What is wrong with it, if something is.
    warning: Option<String>,
    /// What would make it better.
    suggestions: Vec<String>,
    /// Whether it would be accepted.
    acceptable: bool,
    /// Why not: `too_short`, `too_long`, `repetitive`, `common`, `guessable`, `predictable`.
    problems: Vec<&'static str>,
}

/// Rates a password.
pub(crate) async fn rate_password(
    identity: Arc<Identity>,
    cx: PublicCx,
    Body(input): Body<Candidate>,
) -> Result<Json<Rating>, Error> {
    if let Some(ip) = cx.origin().ip {
        let quota = identity.config.strength_per_address;
        identity.limit("password_strength", Subject::address(ip), quota)?;
    }
    if input.hints.len() > MAX_HINTS {
        let problem = Problem::invalid_field("/hints", "too_many", "send at most 10 hints");
        return Err(Error::Contract(problem));
    }
    let hints = input.hints.iter().map(|hint| hint.as_str().to_owned());
    let owner = Owner::new("", "").with(hints);
    let verdict = judge(&identity, &input.password, &owner).await?;
    let strength = verdict.strength;
    Ok(Json(Rating {
        score: strength.score,
        guesses_log10: strength.guesses_log10,
        warning: strength.warning,
        suggestions: strength.suggestions,
        acceptable: verdict.problem.is_none(),
        problems: verdict.problem.iter().map(|weak| weak.code()).collect(),
    }))
}
