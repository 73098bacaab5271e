//! Labels, grouping keys and their paths, and matchers.
//!
//! A [`GroupingKey`] identifies a group of metrics, and the gateway reads the key from the path of the URL.
//! One wrong key can make every push to a gateway fail. So there are only three ways to create a key.
//! [`GroupingKey::new`] and [`GroupingKey::parse_path`] reject keys that break a gateway, and
//! [`GroupingKey::from_listing`] accepts keys that the gateway itself lists.

mod key;
mod label;
mod matcher;
mod names;
mod path;

pub use key::{EmptyValues, GroupingKey, KeyError, KeyRules, MAX_PATH, NoKey};
pub use label::{Label, LabelError, LabelSet};
pub use matcher::{Matcher, MatcherError, is_bare_name, parse_matchers};
pub use names::{LegacyName, Names, depends_on_names, in_path, is_legacy_name};
pub use path::PathError;
