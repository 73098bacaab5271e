//! Computes the name of a group's file.

use crate::grouping::GroupingKey;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Maximum length of a file name on common file systems, in bytes.
pub const MAX_NAME: usize = 255;

/// Characters that are encoded in values: all except the unreserved characters of RFC 3986.
const IN_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Characters that are encoded in label names. These include `_`, so the last `_` before a `=` is always the separator,
/// and no two groups share a file name.
const IN_NAME: &AsciiSet = &IN_VALUE.add(b'_');

/// Returns the file name of a group, such as `pushgw_db_backup_instance=db1.prom`.
pub fn file_name(key: &GroupingKey) -> String {
    let mut name = format!("pushgw_{}", utf8_percent_encode(key.job(), IN_VALUE));
    for (label, value) in key.labels().skip(1) {
        name.push('_');
        name.extend(utf8_percent_encode(label, IN_NAME));
        name.push('=');
        name.extend(utf8_percent_encode(value, IN_VALUE));
    }
    name + ".prom"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grouping::{KeyRules, Label};

    fn name(job: &str, labels: &[(&str, &str)]) -> String {
        let labels = labels.iter().map(|(name, value)| Label::new(*name, *value));
        file_name(&GroupingKey::new(job, labels, KeyRules::default()).unwrap())
    }

    #[test]
    fn each_group_has_its_own_file() {
        for (job, labels, expected) in [
            ("db_backup", &[][..], "pushgw_db_backup.prom"),
            ("db_backup", &[("instance", "db1")], "pushgw_db_backup_instance=db1.prom"),
            (
                "ci",
                &[("repo", "a/b"), ("git_branch", "x_y=1")],
                "pushgw_ci_git%5Fbranch=x_y%3D1_repo=a%2Fb.prom",
            ),
            ("a", &[("b_c", "v")], "pushgw_a_b%5Fc=v.prom"),
            ("a_b", &[("c", "v")], "pushgw_a_b_c=v.prom"),
            ("a_b=c", &[], "pushgw_a_b%3Dc.prom"),
            ("..", &[], "pushgw_...prom"),
            ("Zürich \n%", &[], "pushgw_Z%C3%BCrich%20%0A%25.prom"),
        ] {
            assert_eq!(name(job, labels), expected);
        }
    }
}
