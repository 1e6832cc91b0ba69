//! The module through its routes and jobs, on both engines, with the bytes on disk and in a bucket.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod app;
mod attacks;
mod bucket;
mod life;
mod samples;
