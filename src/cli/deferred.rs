//! Builds the options of a subcommand only when that subcommand is used.
//!
//! Each run uses only one subcommand, and building the options of all of them took a fifth of the CPU instructions of a
//! small push.

use clap::builder::Resettable;
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, Id};

/// Options that are built only when their subcommand is used.
#[derive(Debug)]
pub struct Deferred<T>(pub T);

impl<T: Args> Args for Deferred<T> {
    fn group_id() -> Option<Id> {
        T::group_id()
    }

    fn augment_args(command: Command) -> Command {
        command.defer(add_options::<T>)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn add_options<T: Args>(command: Command) -> Command {
    augment(command, T::augment_args)
}

/// Adds the options of a subcommand. The result is the same as if they had been added from the start.
fn augment(command: Command, add: fn(Command) -> Command) -> Command {
    // clap would replace the subcommand's description with the doc comment of `T`.
    let (about, long_about) = (command.get_about().cloned(), command.get_long_about().cloned());
    // clap has already added the options that all subcommands share. They must come after the subcommand's own options,
    // because the help prints its headings in the order of the options.
    let shared = command.get_arguments().count();
    let command = add(command).about(Resettable::from(about)).long_about(Resettable::from(long_about));
    // clap can't reorder options, but it can replace each one in place.
    let mut options = Vec::new();
    let command = command.mut_args(|option| {
        options.push(option);
        Arg::default()
    });
    options.rotate_left(shared);
    let mut ordered = options.into_iter();
    command.mut_args(|placeholder| ordered.next().unwrap_or(placeholder))
}

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}
