//! Thousands of random conflicts on real gateways: each printed command deletes exactly the group that it is printed for.
//! The shells take turns.

use super::{BrokenGateway, LEGACY_NAMES, Labels, NAMES, shells, sorted, unusual_text};
use crate::support::{Gateway, Program, Random, gateways, in_shell, wait_until};
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use tempfile::TempDir;

/// How many conflicts a run makes.
const CONFLICTS: usize = 2_000;

/// How many conflicts a gateway has at a time. Its checks take quadratic time.
const AT_ONCE: usize = 10;

/// A gateway that is filled with conflicts, some at a time.
struct Setup {
    program: &'static Program,
    utf8_names: bool,
    random: Random,
}

/// Every version, and those that support UTF-8 names also with them.
fn setups(random: &mut Random) -> Vec<Setup> {
    let programs = gateways().iter();
    let kinds = programs.flat_map(|program| {
        let utf8_names: &[bool] = if program.version == "1.5.1" { &[false] } else { &[false, true] };
        utf8_names.iter().map(move |utf8_names| (program, *utf8_names))
    });
    kinds
        .map(|(program, utf8_names)| Setup { program, utf8_names, random: Random::with_seed(random.next()) })
        .collect()
}

/// An unusual name. The gateways can't serve one that starts with `__`, and can't decode a character above U+FFFFF.
fn name(random: &mut Random, utf8_names: bool, file: &Path) -> String {
    let name = match (utf8_names, random.below(4)) {
        (true, 0 | 1) => unusual_text(random, file).replace(|c| c > '\u{fffff}', "a"),
        (true, _) => random.pick(&NAMES).to_owned(),
        (false, 0) => format!("{}{}", random.pick(&LEGACY_NAMES), random.below(100)),
        (false, _) => random.pick(&LEGACY_NAMES).to_owned(),
    };
    if name.starts_with("__") { format!("x{name}") } else { name }
}

/// An unusual value without U+FFFD, which the API also shows for a byte that is not UTF-8.
fn value(random: &mut Random, file: &Path) -> String {
    unusual_text(random, file).replace('\u{fffd}', "a")
}

/// A group of one to three labels beside its job. A number makes the groups different.
fn labels(random: &mut Random, utf8_names: bool, number: usize, file: &Path) -> Labels {
    let job = if random.once_in(3) { value(random, file) } else { "x".to_owned() };
    let others = 1 + random.below(3);
    let mut labels: Labels =
        (0..others).map(|_| (name(random, utf8_names, file), value(random, file))).collect();
    labels.insert("job".to_owned(), format!("{job}{number}"));
    labels
}

impl Setup {
    /// Makes this many conflicts, and fixes them with the commands that `status` prints.
    fn try_conflicts(&mut self, conflicts: usize) {
        let home = TempDir::new().unwrap();
        let file = home.path().join("pwned");
        let mut flags = vec!["--web.enable-admin-api"];
        flags.extend(self.utf8_names.then_some("--push.enable-utf8-names"));
        let gateway = Gateway::start(self.program, &flags);
        let broken = BrokenGateway { gateway: &gateway, utf8_names: self.utf8_names, home: &home };
        for (first, shell) in (0..conflicts).step_by(AT_ONCE).zip(shells().iter().cycle()) {
            let numbers = first..conflicts.min(first + AT_ONCE);
            let cases: Vec<Labels> =
                numbers.map(|number| labels(&mut self.random, self.utf8_names, number, &file)).collect();
            broken.fill(&cases);
            broken.fix_in(shell, &cases);
            assert_eq!(gateway.request("PUT", "/api/v1/admin/wipe", "").unwrap().status, 202);
            wait_until("an empty gateway", || gateway.keys().is_empty());
        }
        assert!(!file.exists(), "a shell ran a part of a label");
    }
}

impl BrokenGateway<'_> {
    /// Runs the commands for these groups in a shell.
    fn fix_in(&self, shell: &str, cases: &[Labels]) {
        let (commands, targets): (Vec<String>, Vec<Labels>) = self.commands().into_iter().unzip();
        assert_eq!(commands.len(), cases.len(), "{commands:#?}");
        let is_visible = |command: &String| command.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        assert!(commands.iter().all(is_visible), "a terminal shows all of it: {commands:#?}");
        let mut bystanders = sorted(self.gateway.keys());
        bystanders.retain(|group| !targets.contains(group));
        in_shell(shell, &commands.join("\n")).env("HOME", self.home.path()).run();
        wait_until("the deletions", || self.gateway.keys().len() <= bystanders.len());
        assert_eq!(sorted(self.gateway.keys()), bystanders, "{shell}: {commands:#?}");
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn thousands_of_fix_commands_delete_only_their_groups() {
    let mut random = Random::new();
    let setups = setups(&mut random);
    let conflicts = CONFLICTS.div_ceil(setups.len());
    let waiting = Mutex::new(setups);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(mut setup) = { waiting.lock().unwrap().pop() } {
                    setup.try_conflicts(conflicts);
                }
            });
        }
    });
}
