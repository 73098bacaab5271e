//! Checks the structure of the source: no import cycles, one meaning for each type name, and size limits that keep the
//! code readable. `layering` checks which modules may use which.

pub(crate) mod source;

use source::{Index, SourceFile, files};
use std::collections::{BTreeMap, BTreeSet};

/// Product lines, without empty lines and tests. Lower this whenever the code gets smaller.
const MAX_LINES: usize = 28_000;
const MAX_FUNCTION_LINES: usize = 60;
/// Maximum number of type names that are defined in more than one file.
const MAX_SHARED_TYPE_NAMES: usize = 3;

/// Returns the files that each file uses, by index. Imports and paths are followed through re-exports to the
/// definition.
pub(crate) fn dependencies(files: &[SourceFile]) -> Vec<BTreeSet<usize>> {
    let index = Index::new(files);
    let uses = |(i, file): (usize, &SourceFile)| {
        let named = file.paths.iter().filter_map(|(scope, path)| index.definition(scope, path));
        named.filter(|used| *used != i).collect()
    };
    files.iter().enumerate().map(uses).collect()
}

/// Returns true if `outer` contains the module `inner`, directly or indirectly.
fn contains(outer: &SourceFile, inner: &SourceFile) -> bool {
    inner.module.len() > outer.module.len() && inner.module.starts_with(&outer.module)
}

/// Returns groups of files that use each other in a cycle. A module that uses the files in its own folder does not
/// count, but a file that uses its parent module does.
fn cycles(files: &[SourceFile], dependencies: &[BTreeSet<usize>]) -> Vec<String> {
    let next = |i: usize| dependencies[i].iter().copied().filter(move |j| !contains(&files[i], &files[*j]));
    let reachable = |from: usize| {
        let mut seen = BTreeSet::new();
        let mut open: Vec<usize> = next(from).collect();
        while let Some(i) = open.pop() {
            if seen.insert(i) {
                open.extend(next(i));
            }
        }
        seen
    };
    let reached: Vec<BTreeSet<usize>> = (0..files.len()).map(reachable).collect();
    let mut cycles = BTreeSet::new();
    for i in (0..files.len()).filter(|i| reached[*i].contains(i)) {
        let cycle = reached[i].iter().filter(|j| reached[**j].contains(&i));
        cycles.insert(cycle.map(|j| files[*j].name.as_str()).collect::<Vec<_>>().join(", "));
    }
    cycles.into_iter().collect()
}

#[test]
fn files_do_not_import_each_other_in_a_cycle() {
    let files = files();
    let cycles = cycles(&files, &dependencies(&files));
    assert!(cycles.is_empty(), "{} import cycles:\n{}", cycles.len(), cycles.join("\n"));
}

#[test]
fn a_type_name_means_one_thing() {
    let files = files();
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for file in &files {
        for name in &file.types {
            places.entry(name).or_default().push(&file.name);
        }
    }
    places.retain(|_, files| files.len() > 1);
    let shared: Vec<_> = places.iter().map(|(name, files)| format!("{name}: {}", files.join(", "))).collect();
    assert!(
        shared.len() <= MAX_SHARED_TYPE_NAMES,
        "{} type names are defined in several files; {MAX_SHARED_TYPE_NAMES} may be:\n{}",
        shared.len(),
        shared.join("\n")
    );
}

#[test]
fn functions_fit_a_screen() {
    let files = files();
    let functions = files.iter().flat_map(|file| file.functions.iter().map(move |function| (file, function)));
    let long: Vec<_> = functions
        .filter(|(_, (_, lines))| *lines > MAX_FUNCTION_LINES)
        .map(|(file, (name, lines))| format!("{}: {name} has {lines} lines", file.name))
        .collect();
    assert!(long.is_empty(), "longer than {MAX_FUNCTION_LINES} lines:\n{}", long.join("\n"));
}

#[test]
fn the_product_stays_small() {
    let lines: usize = files().iter().map(|file| file.lines).sum();
    assert!(lines <= MAX_LINES, "{lines} lines of code and comment; the limit is {MAX_LINES}");
}
