//! Parses the product's source files: the module of each file, the items that it defines, and the paths that it names.
//! Tests are left out, whether inline or in separate files.

use proc_macro2::{Spacing, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// The segments of a path, starting from the crate root.
pub(crate) type ModulePath = Vec<String>;

/// A source file of the product.
#[derive(Default)]
pub(crate) struct SourceFile {
    /// Path below `src/`, with `/` between folders.
    pub(crate) name: String,
    pub(crate) module: ModulePath,
    /// Number of lines of code and comments, without empty lines and tests.
    pub(crate) lines: usize,
    /// Names of structs, enums, unions, traits and type aliases.
    pub(crate) types: BTreeSet<String>,
    /// Paths of all items, relative to the file's module.
    pub(crate) items: BTreeSet<ModulePath>,
    /// Imports: the module, the imported name (`*` for a glob), and the path as written.
    pub(crate) imports: Vec<(ModulePath, String, ModulePath)>,
    /// All paths that occur in the file, each with the module in which it occurs.
    pub(crate) paths: BTreeSet<(ModulePath, ModulePath)>,
    /// Functions with their number of lines.
    pub(crate) functions: Vec<(String, usize)>,
}

/// Returns all files in `src/` except `main.rs`, which is a separate crate.
pub(crate) fn files() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    let mut skipped = BTreeSet::new();
    let mut files = Vec::new();
    for path in paths {
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        if name == "main.rs" {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let ast = syn::parse_file(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut reader = Reader { file: SourceFile::new(&name), ..Reader::default() };
        reader.scope.clone_from(&reader.file.module);
        reader.visit_file(&ast);
        let in_tests =
            |line: usize| reader.test_lines.iter().any(|(first, last)| (*first..=*last).contains(&line));
        reader.file.lines =
            text.lines().enumerate().filter(|(i, line)| !line.trim().is_empty() && !in_tests(i + 1)).count();
        skipped.append(&mut reader.test_modules);
        files.push(reader.file);
    }
    files.retain(|file| !skipped.iter().any(|module| file.module.starts_with(module)));
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

impl SourceFile {
    fn new(name: &str) -> Self {
        let stem = name.trim_end_matches(".rs");
        let mut module: ModulePath = stem.split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod" || last == "lib") {
            module.pop();
        }
        Self { name: name.to_owned(), module, ..Self::default() }
    }
}

#[derive(Default)]
struct Reader {
    file: SourceFile,
    /// The module that is being parsed: the file's module, or one inside it.
    scope: ModulePath,
    /// Test-only modules in separate files.
    test_modules: BTreeSet<ModulePath>,
    /// First and last line of each test-only item.
    test_lines: Vec<(usize, usize)>,
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || (attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test")))
    })
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

impl Reader {
    fn define(&mut self, name: &syn::Ident) {
        let mut path = self.scope.clone();
        path.push(name.to_string());
        self.file.items.insert(path);
    }

    fn define_type(&mut self, name: &syn::Ident) {
        self.define(name);
        self.file.types.insert(name.to_string());
    }

    fn function(&mut self, name: &syn::Ident, whole: proc_macro2::Span) {
        let lines = whole.end().line - whole.start().line + 1;
        self.file.functions.push((name.to_string(), lines));
    }

    fn import(&mut self, tree: &syn::UseTree, prefix: &mut ModulePath) {
        let mut add = |name: String, path: ModulePath| {
            self.file.paths.insert((self.scope.clone(), path.clone()));
            self.file.imports.push((self.scope.clone(), name, path));
        };
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.import(&path.tree, prefix);
                prefix.pop();
            }
            syn::UseTree::Name(name) if name.ident == "self" => {
                add(prefix.last().cloned().unwrap_or_default(), prefix.clone());
            }
            syn::UseTree::Name(name) => add(name.ident.to_string(), extended(prefix, &name.ident)),
            syn::UseTree::Rename(renamed) => {
                let path =
                    if renamed.ident == "self" { prefix.clone() } else { extended(prefix, &renamed.ident) };
                add(renamed.rename.to_string(), path);
            }
            syn::UseTree::Glob(_) => add("*".to_owned(), prefix.clone()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, prefix)),
        }
    }

    /// Collects the paths in the tokens of a macro call.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path = ModulePath::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.name(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    colons += if punct.spacing() == Spacing::Joint || colons == 1 { 1 } else { 3 };
                }
                other => {
                    self.name(&mut path);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.name(&mut path);
    }

    fn name(&mut self, path: &mut ModulePath) {
        if !path.is_empty() {
            self.file.paths.insert((self.scope.clone(), std::mem::take(path)));
        }
    }
}

fn extended(path: &[String], last: &syn::Ident) -> ModulePath {
    path.iter().cloned().chain([last.to_string()]).collect()
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if is_test(attributes(item)) {
            self.test_lines.push((item.span().start().line, item.span().end().line));
            if let syn::Item::Mod(module) = item {
                self.test_modules.insert(extended(&self.scope, &module.ident));
            }
            return;
        }
        match item {
            syn::Item::Struct(item) => self.define_type(&item.ident),
            syn::Item::Enum(item) => self.define_type(&item.ident),
            syn::Item::Union(item) => self.define_type(&item.ident),
            syn::Item::Trait(item) => self.define_type(&item.ident),
            syn::Item::Type(item) => self.define_type(&item.ident),
            syn::Item::Const(item) => self.define(&item.ident),
            syn::Item::Static(item) => self.define(&item.ident),
            syn::Item::Fn(item) => self.define(&item.sig.ident),
            syn::Item::Macro(syn::ItemMacro { ident: Some(ident), .. }) => self.define(ident),
            syn::Item::Use(item) => self.import(&item.tree, &mut ModulePath::new()),
            syn::Item::Mod(module) if module.content.is_some() => {
                self.scope.push(module.ident.to_string());
                self.file.items.insert(self.scope.clone());
                visit::visit_item_mod(self, module);
                self.scope.pop();
                return;
            }
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig.ident, item.span());
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            self.function(&item.sig.ident, item.span());
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.file.paths.insert((self.scope.clone(), segments));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}

/// All modules, and the file that defines each item.
pub(crate) struct Index {
    pub(crate) modules: BTreeMap<ModulePath, usize>,
    items: BTreeMap<ModulePath, usize>,
    imports: BTreeMap<(ModulePath, String), Vec<ModulePath>>,
}

impl Index {
    pub(crate) fn new(files: &[SourceFile]) -> Self {
        let mut index = Self { modules: BTreeMap::new(), items: BTreeMap::new(), imports: BTreeMap::new() };
        for (i, file) in files.iter().enumerate() {
            index.modules.insert(file.module.clone(), i);
            for item in &file.items {
                index.items.insert(item.clone(), i);
            }
            for (module, name, path) in &file.imports {
                index.imports.entry((module.clone(), name.clone())).or_default().push(path.clone());
            }
        }
        index
    }

    /// Returns the file that defines the item that `path` refers to inside `scope`, or `None` for items of other
    /// crates, local names and modules.
    pub(crate) fn definition(&self, scope: &[String], path: &[String]) -> Option<usize> {
        match self.resolve(scope, path, 0)? {
            Found::Item(file) => Some(file),
            Found::Module(_) => None,
        }
    }

    fn resolve(&self, scope: &[String], path: &[String], depth: usize) -> Option<Found> {
        if depth > 16 {
            return None;
        }
        let (mut at, rest): (ModulePath, &[String]) = match path.first()?.as_str() {
            "crate" => (Vec::new(), &path[1..]),
            "self" => (scope.to_vec(), &path[1..]),
            "super" => {
                let ups = path.iter().take_while(|segment| *segment == "super").count();
                (scope[..scope.len().checked_sub(ups)?].to_vec(), &path[ups..])
            }
            _ => (scope.to_vec(), path),
        };
        for (i, segment) in rest.iter().enumerate() {
            let inner: ModulePath = at.iter().cloned().chain([segment.clone()]).collect();
            if self.modules.contains_key(&inner) {
                at = inner;
                continue;
            }
            if let Some(file) = self.items.get(&inner) {
                // A module inside a file is also an item, and its contents are in the same file.
                return Some(Found::Item(*file));
            }
            return self.imported(&at, segment, &rest[i + 1..], depth);
        }
        Some(Found::Module(at))
    }

    fn imported(&self, module: &[String], name: &str, rest: &[String], depth: usize) -> Option<Found> {
        let key = |name: &str| (module.to_vec(), name.to_owned());
        let named = self.imports.get(&key(name)).into_iter().flatten().map(|path| (path, None));
        let globs = self.imports.get(&key("*")).into_iter().flatten().map(|path| (path, Some(name)));
        named.chain(globs).find_map(|(path, last)| {
            let whole: ModulePath =
                path.iter().cloned().chain(last.map(str::to_owned)).chain(rest.iter().cloned()).collect();
            // An import such as `use name::…` of the crate `name` would resolve to itself forever.
            (whole.first().is_some_and(|first| first != name))
                .then(|| self.resolve(module, &whole, depth + 1))
                .flatten()
        })
    }
}

enum Found {
    Item(usize),
    #[allow(dead_code, reason = "shows in a failing test which module was meant")]
    Module(ModulePath),
}
