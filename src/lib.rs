//! pushgw.

pub mod exposition;
pub mod grouping;
