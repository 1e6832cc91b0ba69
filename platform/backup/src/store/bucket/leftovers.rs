//! Uploads in parts that nobody finished. Their parts are in no list of objects, and cost what objects cost.

use bytes::Bytes;
use http::Method;
use object_store::aws::AwsAuthorizer;
use object_store::client::{HttpRequest, HttpRequestBody};
use serde::Deserialize;
use url::Url;

use gantry_objects::{BucketFault, S3Config, Wire, credential};

use super::within;

/// Answers of one list read at most; each has up to a thousand uploads.
const PAGES: usize = 1_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    #[serde(default)]
    is_truncated: bool,
    #[serde(default)]
    next_key_marker: String,
    #[serde(default)]
    next_upload_id_marker: String,
    #[serde(default, rename = "Upload")]
    uploads: Vec<Upload>,
}

/// An upload that is not finished.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Upload {
    pub(super) key: String,
    upload_id: String,
}

/// Asks what `object_store` has no words for.
pub(super) struct Uploads<'a> {
    pub(super) config: &'a S3Config,
    pub(super) bucket: &'a str,
    pub(super) wire: &'a Wire,
}

impl Uploads<'_> {
    /// All whose key begins with `prefix`.
    pub(super) async fn list(&self, prefix: &str) -> Result<Vec<Upload>, BucketFault> {
        let mut all = Vec::new();
        let (mut key, mut id) = (String::new(), String::new());
        for _ in 0..PAGES {
            let mut query = vec![("uploads", ""), ("prefix", prefix)];
            if !key.is_empty() {
                query.extend([
                    ("key-marker", key.as_str()),
                    ("upload-id-marker", id.as_str()),
                ]);
            }
            let text = self.ask(Method::GET, "", &query).await?;
            let text = String::from_utf8_lossy(&text);
            let listed: Listed = quick_xml::de::from_str(&text)
                .map_err(|error| BucketFault::Other(format!("a list of uploads: {error}")))?;
            all.extend(listed.uploads);
            if !listed.is_truncated || listed.next_key_marker.is_empty() {
                break;
            }
            (key, id) = (listed.next_key_marker, listed.next_upload_id_marker);
        }
        Ok(all)
    }

    /// Forgets one with its parts. One that is gone already is no fault.
    pub(super) async fn abort(&self, upload: &Upload) -> Result<(), BucketFault> {
        let query = [("uploadId", upload.upload_id.as_str())];
        match self.ask(Method::DELETE, &upload.key, &query).await {
            Err(BucketFault::Gone(_)) => Ok(()),
            other => other.map(drop),
        }
    }

    async fn ask(
        &self,
        method: Method,
        key: &str,
        query: &[(&str, &str)],
    ) -> Result<Bytes, BucketFault> {
        let wrong = |error: &dyn std::fmt::Display| BucketFault::Other(error.to_string());
        let base = format!("{}/{}", self.config.endpoint(), self.bucket);
        let mut url = Url::parse(&base).map_err(|error| wrong(&error))?;
        if !key.is_empty()
            && let Ok(mut path) = url.path_segments_mut()
        {
            path.extend(key.split('/'));
        }
        url.query_pairs_mut().extend_pairs(query);
        let mut request: HttpRequest = http::Request::builder()
            .method(method)
            .uri(url.as_str())
            .body(HttpRequestBody::empty())
            .map_err(|error| wrong(&error))?;
        let credential = credential(self.config);
        AwsAuthorizer::new(&credential, "s3", &self.config.region)
            .try_authorize(&mut request, None)
            .map_err(|error| BucketFault::of(&error))?;
        let client = self.wire.client();
        within(async {
            let answer = client.execute(request).await;
            let answer = answer.map_err(|error| told(&error.to_string()))?;
            let status = answer.status();
            let body = answer.into_body().bytes().await;
            let body = body.map_err(|error| told(&error.to_string()))?;
            if status.is_success() {
                return Ok(body);
            }
            let text = String::from_utf8_lossy(&body);
            if text.contains("<Code>NoSuchUpload<") {
                return Err(BucketFault::Gone(key.to_owned()));
            }
            Err(BucketFault::told(&text)
                .unwrap_or_else(|| BucketFault::Other(format!("the server says {status}"))))
        })
        .await
    }
}

fn told(said: &str) -> BucketFault {
    BucketFault::told(said).unwrap_or_else(|| BucketFault::Other(said.to_owned()))
}
