//! The server: where it is, what it is asked, what it answers.

mod endpoint;

pub use endpoint::{Credentials, Endpoint, GroupUrl, Scheme, UrlError};
