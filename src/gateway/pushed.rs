//! Parses the body of a push and adds the labels of its group.

use crate::exposition::model::{Family, read_families};
use crate::grouping::GroupingKey;

/// Parses the families in the body of a push as the gateway would store them in this group (`sanitizeLabels`
/// in `prometheus/pushgateway storage/diskmetricstore.go`).
pub fn families(text: &[u8], key: &GroupingKey) -> Vec<Family> {
    let mut families = read_families(text);
    for series in families.iter_mut().flat_map(|family| &mut family.series) {
        series.labels.extend(key.labels().map(|(name, value)| (name.to_owned(), value.to_owned())));
        series.labels.entry("instance".to_owned()).or_default();
    }
    families
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::model::write_families;
    use crate::grouping::{KeyRules, Label, LabelSet};

    fn key() -> GroupingKey {
        GroupingKey::new("a", [Label::new("l", "1")], KeyRules::default()).unwrap()
    }

    #[test]
    fn written_families_can_be_read_again() {
        let text = "# HELP c how \\\\ many\\nlines\n# TYPE c counter\nc{a=\"\\\"x\\\\\"} 1e+06\nc 2\n\
            # TYPE h histogram\nh_bucket{m=\"1\",le=\"0.5\"} 1\nh_bucket{m=\"1\",le=\"+Inf\"} 3\nh_sum{m=\"1\"} NaN\nh_count{m=\"1\"} 3\n\
            # TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 4\ns_count 5\n# TYPE u untyped\nu -0\n";
        let families = families(text.as_bytes(), &key());
        let mut again = String::new();
        write_families(&mut again, &LabelSet::from(&key()), &families);
        assert_eq!(again, text);
        assert_eq!(families[0].series[1].labels.len(), 3, "the group's labels and the instance are added");
    }

    #[test]
    fn the_labels_of_the_group_overwrite() {
        let families = families(b"c{job=\"zzz\",instance=\"i\"} 1\n", &key());
        let labels = &families[0].series[0].labels;
        assert_eq!((labels["job"].as_str(), labels["instance"].as_str()), ("a", "i"));
    }
}
