//! Builds the options of a subcommand only when that subcommand is used.
//!
//! Each run uses only one subcommand, and building the options of all of them took a fifth of the CPU instructions of a
//! small push.

use super::{OUTPUT, OutputArgs};
use clap::builder::Resettable;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches, Id};

/// The options of a subcommand, and after them the options that all subcommands share. clap's `global` options would be
/// copied to each subcommand in each run.
#[derive(Debug)]
pub struct Deferred<T> {
    pub args: T,
    pub output: OutputArgs,
}

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
    // clap would replace the subcommand's description with the doc comment of `T`.
    let (about, long_about) = (command.get_about().cloned(), command.get_long_about().cloned());
    OutputArgs::augment_args(T::augment_args(command).next_help_heading(OUTPUT))
        .about(Resettable::from(about))
        .long_about(Resettable::from(long_about))
}

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        Ok(Self {
            args: T::from_arg_matches_mut(matches)?,
            output: OutputArgs::from_arg_matches_mut(matches)?,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.args.update_from_arg_matches(matches)?;
        self.output.update_from_arg_matches(matches)
    }
}
