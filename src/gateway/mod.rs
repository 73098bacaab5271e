//! The server: where it is, what it is asked, what it answers.
//!
//! Everything here is pure but `client`, the only place that names ureq, and `look`, which asks through it.

mod client;
pub mod conflict;
pub mod curl;
mod endpoint;
mod fault;
pub mod groups;
mod look;
mod request;

pub use client::{Answer, Client, Connection};
pub use endpoint::{Credentials, Endpoint, GroupUrl, Scheme, UrlError};
pub use fault::{Answered, Fault, FaultKind};
pub use groups::{Group, GroupsError, Size, State};
pub use look::{Store, look};
pub use request::{EXPOSITION_TEXT, Method, Request, USER_AGENT};
