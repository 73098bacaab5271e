//! The server: where it is, what it is asked, what it answers.

pub mod conflict;
mod endpoint;
pub mod groups;

pub use endpoint::{Credentials, Endpoint, GroupUrl, Scheme, UrlError};
pub use groups::{Group, GroupsError, Size, State};
