//! The options of a subcommand, described to clap when it has come to that subcommand: a call needs one of the eight
//! descriptions, and all of them were a fifth of the instructions of a small push. What clap could make of it otherwise
//! is seen: the manual pages that are checked in have the order of the options, and the completions' tests all of them.

use clap::builder::Resettable;
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, Id};

/// Options that are described late.
#[derive(Debug)]
pub struct Deferred<T>(pub T);

impl<T: Args> Args for Deferred<T> {
    fn group_id() -> Option<Id> {
        T::group_id()
    }

    fn augment_args(command: Command) -> Command {
        command.defer(own_first::<T>)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// Adds a subcommand's options before those of all subcommands, which it has by then, and leaves its words as they are:
/// the help is the same.
fn own_first<T: Args>(command: Command) -> Command {
    let (about, long_about) = (command.get_about().cloned(), command.get_long_about().cloned());
    let inherited = command.get_arguments().count();
    let mut arguments = Vec::new();
    let command = T::augment_args(command)
        .about(Resettable::from(about))
        .long_about(Resettable::from(long_about))
        .mut_args(|argument| {
            arguments.push(argument);
            Arg::new("")
        });
    arguments.rotate_left(inherited);
    let mut arguments = arguments.into_iter();
    command.mut_args(|empty| arguments.next().unwrap_or(empty))
}

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}
