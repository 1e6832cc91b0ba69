//! Finding the route, and what other web origins may do: `OPTIONS`, preflights, and the origin check of writes.

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::head::{Trail, refuse};
use super::{Inner, Routed, no_content};
use crate::config::Settings;
use crate::problem::{Failure, codes};
use crate::route::Found;

/// Header fields that pages of allowed origins may send.
const ALLOWED_HEADERS: &str = "accept, authorization, content-type, idempotency-key, if-match, if-none-match, \
     last-event-id, traceparent, x-csrf-token, x-request-id";
/// Header fields that pages of allowed origins may read.
const EXPOSED_HEADERS: &str = "etag, idempotency-replayed, location, ratelimit, ratelimit-policy, retry-after, \
     x-request-id, content-disposition";

impl Inner {
    /// Finds the route; answers `OPTIONS` itself.
    pub(super) fn route(&self, trail: &mut Trail, parts: &Parts) -> Result<Routed, Failure> {
        match self.table.find(&parts.method, parts.uri.path()) {
            Found::Nothing => {
                let Some((response, cache)) = self.site.answer(parts) else {
                    trail.running = Some(self.running(trail, self.meters.unrouted(&parts.method)));
                    return Err(refuse(codes::NOT_FOUND, "there is nothing at this address"));
                };
                trail.running = Some(self.running(trail, self.meters.site()));
                trail.route = Some("site");
                trail.quiet = true;
                trail.cache = Some(cache);
                Ok(Routed::Answered(response))
            }
            Found::OtherMethods(methods) => {
                trail.running = Some(self.running(trail, self.meters.unrouted(&parts.method)));
                let allow = list(methods);
                if parts.method != Method::OPTIONS {
                    return Err(refuse(
                        codes::METHOD_NOT_ALLOWED,
                        "this address does not take this method",
                    )
                    .with(header::ALLOW, allow));
                }
                let mut response = no_content();
                let preflight = parts
                    .headers
                    .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
                if preflight && self.settings.listed_origin(trail.origin.as_ref()) {
                    let max_age = HeaderValue::from(self.settings.raw.cors_max_age.get().as_secs());
                    let headers = response.headers_mut();
                    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allow.clone());
                    headers.insert(
                        header::ACCESS_CONTROL_ALLOW_HEADERS,
                        HeaderValue::from_static(ALLOWED_HEADERS),
                    );
                    headers.insert(header::ACCESS_CONTROL_MAX_AGE, max_age);
                }
                response.headers_mut().insert(header::ALLOW, allow);
                Ok(Routed::Answered(response))
            }
            Found::Endpoint(endpoint, params) => {
                trail.running = Some(self.running(trail, &endpoint.meter));
                trail.route = Some(endpoint.path);
                trail.quiet = endpoint.options.class == crate::limit::Class::Uncounted;
                trail.cache = endpoint.options.cache_public.and_then(|age| {
                    HeaderValue::try_from(format!("public, max-age={}", age.as_secs())).ok()
                });
                Ok(Routed::To(std::sync::Arc::clone(endpoint), params))
            }
        }
    }
}

impl Settings {
    pub(super) fn listed_origin(&self, origin: Option<&HeaderValue>) -> bool {
        origin.is_some_and(|origin| {
            self.cors_origins
                .iter()
                .any(|known| origin == known.as_str())
        })
    }

    /// Lets pages of listed origins read the reply.
    pub(super) fn cors_headers(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        if self.cors_origins.is_empty() {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin
            && self.listed_origin(Some(origin))
        {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
            headers.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(EXPOSED_HEADERS),
            );
        }
    }

    /// Whether a browser says that this write was started by a page that may not. Clients that are not browsers
    /// send neither header and pass.
    pub(super) fn foreign_page(&self, headers: &HeaderMap) -> bool {
        const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
        if let Some(origin) = headers.get(header::ORIGIN) {
            let own = self
                .own_origins
                .iter()
                .any(|known| origin == known.as_str());
            return !own && !self.listed_origin(Some(origin));
        }
        headers
            .get(SEC_FETCH_SITE)
            .is_some_and(|site| site != "same-origin" && site != "none")
    }
}

fn list(methods: &[Method]) -> HeaderValue {
    let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    HeaderValue::try_from(names.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("OPTIONS"))
}
