//! The server: where it is, what it is asked, what it answers.
//!
//! Everything here is pure but `client`, the only place that names ureq, and `look`, which asks through it.

pub mod about;
pub mod clash;
mod client;
pub mod conflict;
pub mod contents;
pub mod curl;
pub mod diff;
mod endpoint;
mod fault;
pub mod groups;
pub mod heal;
mod line;
mod look;
pub mod pushed;
mod request;
pub mod scrape;
mod selection;
pub mod text;

pub use client::{Answer, Client, Connection};
pub use endpoint::{Credentials, Endpoint, GroupUrl, Scheme, UrlError};
pub use fault::{Answered, Fault, FaultKind};
pub use groups::{FamilySize, Group, GroupsError, Keep, Kind, Size, State};
pub use look::{Store, get, look, look_at_families, look_inside};
pub use request::{EXPOSITION_TEXT, Method, Request, USER_AGENT};
pub use selection::Selection;
