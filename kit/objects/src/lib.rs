//! A bucket of Amazon S3, or of a server that speaks its protocol: how it is configured, how it is reached, and what its
//! refusals mean. What is kept in it is the business of whoever opens it.

mod client;
mod config;
mod fault;

pub use client::{Wire, credential, open};
pub use config::S3Config;
pub use fault::BucketFault;
