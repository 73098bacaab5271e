//! pushgw.

pub mod duration;
pub mod exposition;
pub mod gateway;
pub mod grouping;
pub mod secret;
