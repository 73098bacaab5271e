//! Computes the content of a group's file.

use crate::exposition::model::{Family, read_families, write_families};
use crate::grouping::{GroupingKey, LabelSet};

/// Parses the text and adds the group's labels to each series. As on a gateway, they override existing labels with the
/// same names.
pub fn families(text: &[u8], key: &GroupingKey) -> Vec<Family> {
    let mut families = read_families(text);
    for series in families.iter_mut().flat_map(|family| &mut family.series) {
        series.labels.extend(key.labels().map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    families
}

/// Merges the families in `added` into `held`, where they replace families with the same names.
pub fn merge(mut held: Vec<Family>, added: Vec<Family>) -> Vec<Family> {
    for family in added {
        match held.iter_mut().find(|held| held.name == family.name) {
            Some(held) => *held = family,
            None => held.push(family),
        }
    }
    held
}

pub fn text(families: &[Family]) -> String {
    let mut text = String::new();
    write_families(&mut text, &LabelSet::default(), families);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grouping::{KeyRules, Label};

    fn key() -> GroupingKey {
        GroupingKey::new("x", [Label::new("host", "h\"1")], KeyRules::default()).unwrap()
    }

    #[test]
    fn each_sample_gets_the_labels_of_the_group() {
        let written = "# HELP a b\n# TYPE a gauge\na{host=\"h\\\"1\",job=\"x\",l=\"1\"} 1\n\
            # TYPE h histogram\nh_bucket{host=\"h\\\"1\",job=\"x\",le=\"1\"} 2\n\
            h_sum{host=\"h\\\"1\",job=\"x\"} 3\nh_count{host=\"h\\\"1\",job=\"x\"} 4\n";
        let pushed = "# HELP a b\n# TYPE a gauge\na{l=\"1\",job=\"other\"} 1\n\
            # TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_sum 3\nh_count 4\n";
        assert_eq!(text(&families(pushed.as_bytes(), &key())), written);
        assert_eq!(text(&families(written.as_bytes(), &key())), written);
    }

    #[test]
    fn metrics_of_the_same_name_are_replaced_as_a_whole() {
        let read = |text: &str| read_families(text.as_bytes());
        let merged = merge(read("a{l=\"1\"} 1\na{l=\"2\"} 1\nb 1\n"), read("# TYPE a gauge\na 2\nc 2\n"));
        assert_eq!(text(&merged), "# TYPE a gauge\na 2\n# TYPE b untyped\nb 1\n# TYPE c untyped\nc 2\n");
    }
}
