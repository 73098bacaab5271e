//! The tables of test cases that several projects share are the ones checked in here.

#[test]
fn the_grouping_keys_are_the_shared_ones() {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/vectors/grouping.tsv");
    // Whoever has only this repository has nothing to compare with.
    if let Ok(shared) = std::fs::read_to_string(shared) {
        assert_eq!(shared, include_str!("../data/grouping.tsv"), "copy {shared} to tests/data/");
    }
}
