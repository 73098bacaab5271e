//! Labels, the grouping key, its path, and matchers. Pure.

mod key;

pub use key::GroupingKey;
