//! Labels, the grouping key, its path, and matchers. Pure.
//!
//! A group of metrics is named by a [`GroupingKey`], and the gateway reads that key out of the URL's path. One
//! wrong key can break every push to a gateway, so no key is made but through [`GroupingKey::new`] and
//! [`GroupingKey::parse_path`], which refuse what does harm, and [`GroupingKey::from_listing`], which repeats what
//! the gateway itself says that it holds.

mod key;
mod label;
mod matcher;
mod names;
mod path;

pub use key::{Emptiness, GroupingKey, KeyError, KeyRules, MAX_PATH};
pub use label::{Label, LabelError, LabelSet};
pub use matcher::{Matcher, MatcherError};
pub use names::{Names, is_legacy_metric_name, is_legacy_name};
pub use path::PathError;
