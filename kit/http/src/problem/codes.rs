//! The codes that the HTTP edge, the kernel and the database layer answer with.

use super::ErrorCode;

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $code:literal $status:literal $title:literal: $meaning:literal;)+) => {
        $(
            #[doc = $meaning]
            pub const $name: ErrorCode = ErrorCode::new($code, $status, $title, $meaning);
        )+

        /// Every code of this file.
        pub const ALL: &[ErrorCode] = &[$($name),+];
    };
}

codes! {
    MALFORMED_JSON = "malformed_json" 400 "Malformed JSON":
        "The body is not JSON. The detail names the line and column where reading stopped.";
    MALFORMED_REQUEST = "malformed_request" 400 "Malformed request":
        "The request cannot be read: a header that must be text is not, or parts of it contradict each other.";
    UNAUTHENTICATED = "unauthenticated" 401 "Sign in first":
        "The operation needs a signed-in caller, and no credentials came with the request or they are no longer good.";
    PERMISSION_MISSING = "permission_missing" 403 "Permission missing":
        "You are known here, but none of your roles carries the permission this operation needs.";
    SCOPE_MISSING = "scope_missing" 403 "Scope not sufficient":
        "A role of yours carries the permission, but not over a range that this operation can work with.";
    STEP_UP_REQUIRED = "step_up_required" 403 "Confirm that it is you":
        "The operation is sensitive and it is a while since you proved who you are. Confirm at POST /api/v1/me/step-up, then repeat the request.";
    SECOND_FACTOR_REQUIRED = "second_factor_required" 403 "Second factor required":
        "Platform staff must sign in with a second factor. Add one at /api/v1/me/factors; if the account has one, sign in again with it.";
    PEOPLE_ONLY = "people_only" 403 "Only for people":
        "The operation concerns a person's own account or is sensitive; the key of a service account cannot do it.";
    IMPERSONATION_REFUSED = "impersonation_refused" 403 "Not while acting as somebody else":
        "Staff who act as another person may do that person's work, but not touch their account or do what is sensitive.";
    WORKSPACE_SESSION = "workspace_session" 403 "Signed in to one workspace":
        "The session began by a workspace's own sign-in provider and opens that workspace alone; the account itself is out of its reach.";
    TENANT_SUSPENDED = "tenant_suspended" 403 "Workspace suspended":
        "The workspace is read-only for now; reading still works, writing does not.";
    TENANT_PROVISIONING = "tenant_provisioning" 503 "Workspace not ready yet":
        "The workspace is still being set up; this takes moments. Try again after Retry-After.";
    CSRF_FAILED = "csrf_failed" 403 "Request not confirmed":
        "A browser session must confirm every write with a fresh X-CSRF-Token. Fetch one and repeat the request.";
    ORIGIN_REFUSED = "origin_refused" 403 "Origin refused":
        "The request comes from a web page of another site that is not on the list of allowed origins.";
    NOT_FOUND = "not_found" 404 "Not found":
        "There is nothing at this address, or it is not yours to see; both look the same on purpose.";
    METHOD_NOT_ALLOWED = "method_not_allowed" 405 "Method not allowed":
        "The address exists, but not with this method. The Allow header lists the ones that work.";
    NOT_ACCEPTABLE = "not_acceptable" 406 "Not acceptable":
        "The Accept header excludes the media type this operation answers with.";
    REQUEST_TIMEOUT = "request_timeout" 408 "Request too slow":
        "The body did not arrive in time. The connection is closed; send the request again.";
    CONFLICT = "conflict" 409 "Conflict":
        "The request contradicts what is stored, for example a value that must be unique is taken.";
    VERSION_MISMATCH = "version_mismatch" 412 "Changed meanwhile":
        "Somebody changed the object since you read it. Read it again and repeat your change.";
    BODY_TOO_LARGE = "body_too_large" 413 "Body too large":
        "The body is larger than this operation takes.";
    JSON_TOO_DEEP = "json_too_deep" 422 "JSON nested too deeply":
        "Arrays and objects of the body nest deeper than is read here.";
    URI_TOO_LONG = "uri_too_long" 414 "Address too long":
        "Path and query together are longer than is read here.";
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type" 415 "Media type not supported":
        "The body must be application/json in UTF-8 for this operation.";
    UNSUPPORTED_ENCODING = "unsupported_encoding" 415 "Content encoding not supported":
        "Send the body without Content-Encoding; compressed bodies are not read.";
    INVALID_REQUEST = "invalid_request" 422 "Invalid fields":
        "Some fields of the request are wrong; errors lists each with its place and reason.";
    INVALID_PARAMETER = "invalid_parameter" 422 "Invalid parameter":
        "A parameter of the query is unknown or cannot be read; errors names it.";
    PAGE_TOKEN_INVALID = "page_token_invalid" 422 "Invalid page token":
        "The page token was not made by this list, or the filters or the order changed since. Start at the first page.";
    IF_MATCH_INVALID = "if_match_invalid" 422 "Invalid If-Match":
        "If-Match must hold exactly one ETag that this API gave out for the object.";
    IDEMPOTENCY_KEY_INVALID = "idempotency_key_invalid" 422 "Invalid idempotency key":
        "Idempotency-Key must be 1 to 255 visible ASCII characters without spaces.";
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused" 422 "Idempotency key used before":
        "The key came before with another request. Use a new key for a new request.";
    IF_MATCH_REQUIRED = "if_match_required" 428 "If-Match required":
        "Name the version you change: send the ETag you last saw in If-Match.";
    RATE_LIMITED = "rate_limited" 429 "Too many requests":
        "You sent more requests than the limit allows. Retry-After says when to go on.";
    TOO_MANY_STREAMS = "too_many_streams" 429 "Too many open streams":
        "You have as many event streams open as one account may. One stream serves all tabs of a browser; close what is not needed.";
    HEADERS_TOO_LARGE = "headers_too_large" 431 "Headers too large":
        "The header fields of the request are larger than is read here.";
    INTERNAL = "internal" 500 "Internal error":
        "Something went wrong on our side. The request id finds it in the server's log.";
    TIMEOUT = "timeout" 503 "Took too long":
        "The operation took longer than allowed and was given up. A write may or may not have happened: repeat it with the same Idempotency-Key.";
    DATABASE_BUSY = "database_busy" 503 "Database busy":
        "Other changes are in the way at the moment; nothing was changed. Try again after Retry-After.";
    DATABASE_UNAVAILABLE = "database_unavailable" 503 "Database not reachable":
        "The database cannot be reached at the moment. Try again after Retry-After.";
    TENANT_MOVING = "tenant_moving" 503 "Workspace moving":
        "The workspace is moving to another database server and takes no changes for a moment; nothing was changed. Try again after Retry-After.";
    DISK_FULL = "disk_full" 503 "Disk full":
        "Nothing can be stored because the disk is full; nothing was changed. The operator must make room.";
    OUTCOME_UNKNOWN = "outcome_unknown" 503 "Outcome unknown":
        "The connection to the database broke while saving: the change may or may not have happened. Look before you repeat it.";
    STREAMS_FULL = "streams_full" 503 "No room for another stream":
        "The server has as many event streams open as it takes. Reading works as always; try to open the stream again after Retry-After.";
    UNAVAILABLE = "unavailable" 503 "Unavailable for now":
        "Something this server depends on is not there at the moment. Try again a little later.";
}

/// Code of one wrong field, inside `errors`.
pub const INVALID_FIELD: &str = "invalid";
