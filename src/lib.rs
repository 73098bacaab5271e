//! pushgw.

pub mod exposition;
pub mod grouping;
pub mod output;
