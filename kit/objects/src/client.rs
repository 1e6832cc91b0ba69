//! The crate `object_store` over this program's own HTTP client, so that there is one TLS stack and one list of authorities to
//! believe.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use gantry_outbound::{Caller, OutboundError, OutboundSettings};
use http_body_util::BodyExt;
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsCredential};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};

use crate::{BucketFault, S3Config};

/// The longest wait for an answer's head, the upload of a part included.
const PATIENCE: Duration = Duration::from_mins(2);
/// What comes to nothing for a reason that may pass is tried so often again, within [`RETRIES_END`].
const RETRIES: usize = 4;
const RETRIES_END: Duration = Duration::from_mins(3);

/// The way to the server.
#[derive(Clone)]
pub struct Wire(Caller<HttpRequestBody>);

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.0.call(request, PATIENCE).await.map_err(failed)?;
        Ok(answer.map(|body| {
            HttpResponseBody::new(
                body.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error)),
            )
        }))
    }
}

impl HttpConnector for Wire {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

fn failed(error: OutboundError) -> HttpError {
    let kind = match &error {
        OutboundError::Timeout => HttpErrorKind::Timeout,
        error if error.is_before_sending() => HttpErrorKind::Connect,
        _ => HttpErrorKind::Interrupted,
    };
    HttpError::new(kind, error)
}

impl Wire {
    /// Believes the system's authorities and the operator's own.
    pub fn new(outbound: &OutboundSettings) -> Self {
        Self(Caller::new(outbound.clone()))
    }

    /// For requests that `object_store` has no words for.
    pub fn client(&self) -> HttpClient {
        HttpClient::new(self.clone())
    }
}

/// Who asks.
pub fn credential(config: &S3Config) -> AwsCredential {
    AwsCredential {
        key_id: config.access_key_id.expose().clone(),
        secret_key: config.secret_access_key.expose().clone(),
        token: None,
    }
}

/// The client of one bucket. Its objects are addressed by path, which every server understands.
pub fn open(config: &S3Config, bucket: &str, wire: &Wire) -> Result<AmazonS3, BucketFault> {
    AmazonS3Builder::new()
        .with_endpoint(config.endpoint())
        .with_allow_http(true)
        .with_virtual_hosted_style_request(false)
        .with_region(&config.region)
        .with_bucket_name(bucket)
        .with_access_key_id(config.access_key_id.expose())
        .with_secret_access_key(config.secret_access_key.expose())
        .with_retry(RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: RETRIES,
            retry_timeout: RETRIES_END,
        })
        .with_http_connector(wire.clone())
        .build()
        .map_err(|error| BucketFault::of(&error))
}
