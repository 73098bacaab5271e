//! pushgw.

pub mod duration;
pub mod exposition;
pub mod grouping;
pub mod output;
