//! Why the server did not do what it was asked, in words that say what to change.

use std::error::Error as _;

/// What is wrong with a bucket, its server, or the way there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BucketFault {
    /// The access key is unknown.
    #[error("the server does not know the access key of s3.access_key_id")]
    UnknownKey,
    /// The signature is not what the server makes of it.
    #[error("the server refuses the signature: s3.secret_access_key is not that of the access key")]
    WrongSecret,
    /// The access key may not do this.
    #[error(
        "the access key may not do this: it has to list, read, write and delete under the prefix"
    )]
    Denied,
    /// There is no such bucket.
    #[error("there is no bucket of this name")]
    NoBucket,
    /// The bucket is elsewhere.
    #[error("the bucket is in another region than s3.region says")]
    OtherRegion,
    /// The clocks are too far apart for a signature to count.
    #[error("the clocks of this machine and of the server are more than 15 minutes apart")]
    Clock,
    /// An object that must be there is not.
    #[error("{0} is not there")]
    Gone(String),
    /// Nobody answers.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// Too little came for too long.
    #[error("the server stopped answering")]
    Stalled,
    /// The disk that files lie on along the way.
    #[error("{0}")]
    Disk(String),
    /// Anything else, as it was said.
    #[error("{0}")]
    Other(String),
}

impl BucketFault {
    /// Whether it may go well another time without anybody doing anything.
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Stalled | Self::Disk(_) | Self::Other(_)
        )
    }

    /// What an error of `object_store` comes down to.
    pub fn of(error: &object_store::Error) -> Self {
        let mut said = error.to_string();
        let mut below = error.source();
        while let Some(error) = below {
            let text = error.to_string();
            // Most layers repeat what is below them.
            if !said.contains(&text) {
                said = format!("{said}: {text}");
            }
            below = error.source();
        }
        Self::told(&said).unwrap_or_else(|| match error {
            object_store::Error::NotFound { path, .. } => Self::Gone(path.clone()),
            object_store::Error::PermissionDenied { .. }
            | object_store::Error::Unauthenticated { .. } => Self::Denied,
            _ => Self::Other(said),
        })
    }

    /// By the code in an answer's body, or by what connecting failed with.
    pub fn told(said: &str) -> Option<Self> {
        if let Some((_, rest)) = said.split_once("<Code>") {
            let code = rest.split('<').next().unwrap_or_default();
            return match code {
                "InvalidAccessKeyId" => Some(Self::UnknownKey),
                "SignatureDoesNotMatch" => Some(Self::WrongSecret),
                "AccessDenied" | "AllAccessDisabled" => Some(Self::Denied),
                "NoSuchBucket" => Some(Self::NoBucket),
                "PermanentRedirect"
                | "AuthorizationHeaderMalformed"
                | "IllegalLocationConstraintException" => Some(Self::OtherRegion),
                "RequestTimeTooSkewed" => Some(Self::Clock),
                "NoSuchKey" => None,
                other => Some(Self::Other(format!("the server says {other}"))),
            };
        }
        if said.contains("redirect without LOCATION") {
            return Some(Self::OtherRegion);
        }
        let (_, why) = said.rsplit_once("HTTP error: ")?;
        Some(Self::Unreachable(why.to_owned()))
    }
}

impl From<std::io::Error> for BucketFault {
    fn from(error: std::io::Error) -> Self {
        Self::Disk(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::BucketFault;

    #[test]
    fn an_answer_is_told_by_its_code() {
        let answer = |code: &str| {
            BucketFault::told(&format!(
                "Generic S3 error: Error performing GET http://s3/b in 2ms - Server returned non-2xx status code: \
                 403 Forbidden: <?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>"
            ))
        };
        assert_eq!(answer("RequestTimeTooSkewed"), Some(BucketFault::Clock));
        assert_eq!(answer("PermanentRedirect"), Some(BucketFault::OtherRegion));
        assert_eq!(answer("NoSuchKey"), None);
        let other = BucketFault::Other("the server says SlowDown".to_owned());
        assert!(other.may_pass());
        assert_eq!(answer("SlowDown"), Some(other));
        assert_eq!(BucketFault::told("it is late"), None);
    }
}
