//! Every flag has exactly one variable: `GRADUS_` and the flag in upper snake case.
//!
//! The variables are put on the finished command, so that none can be forgotten or misspelt, and
//! an empty variable counts as unset.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::builder::FalseyValueParser;
use clap::{Arg, ArgAction, Command};

/// Flags whose values are never shown.
const SECRETS: &[&str] = &["token"];

/// A variable that a flag reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The flag.
    pub flag: String,
    /// The flag's help.
    pub help: String,
    /// Whether its value is never shown.
    pub secret: bool,
    /// Its value, if it is set and not empty.
    pub value: Option<OsString>,
}

/// The variable of a flag.
#[must_use]
pub fn name_of(flag: &str) -> String {
    format!("GRADUS_{}", flag.replace('-', "_").to_uppercase())
}

/// Gives each flag of the command and those below it its variable.
#[must_use]
pub fn attach(command: Command) -> Command {
    command.mut_args(attached).mut_subcommands(attach)
}

fn attached(arg: Arg) -> Arg {
    let Some(flag) = arg.get_long().map(str::to_owned) else { return arg };
    let name = name_of(&flag);
    let arg = match arg.get_action() {
        // A switch is off when its variable says 0, false, no or off.
        ArgAction::SetTrue => arg.value_parser(FalseyValueParser::new()),
        _ => arg,
    };
    // Nothing is no value that help would tell of.
    let defaults = arg.get_default_values();
    let says_nothing = !defaults.is_empty() && defaults.iter().all(|value| value.is_empty());
    let arg = if says_nothing { arg.hide_default_value(true) } else { arg };
    let arg = arg.hide_env_values(SECRETS.contains(&flag.as_str()));
    match std::env::var_os(&name) {
        Some(empty) if empty.is_empty() => arg,
        _ => arg.env(name),
    }
}

/// The variables of all flags, by name.
#[must_use]
pub fn list(command: &Command) -> Vec<Variable> {
    let mut found = BTreeMap::new();
    collect(command, &mut found);
    found.into_values().collect()
}

fn collect(command: &Command, found: &mut BTreeMap<String, Variable>) {
    for arg in command.get_arguments() {
        let Some(flag) = arg.get_long() else { continue };
        let name = name_of(flag);
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let value = std::env::var_os(&name).filter(|value| !value.is_empty());
        let secret = SECRETS.contains(&flag);
        let variable = Variable { name: name.clone(), flag: flag.to_owned(), help, secret, value };
        found.entry(name).or_insert(variable);
    }
    for below in command.get_subcommands() {
        collect(below, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_names_its_variable() {
        assert_eq!(name_of("server"), "GRADUS_SERVER");
        assert_eq!(name_of("config-file"), "GRADUS_CONFIG_FILE");
    }

    #[test]
    fn every_flag_of_the_real_command_has_its_variable() {
        fn check(command: &Command) {
            for arg in command.get_arguments() {
                let name = arg.get_long().map(name_of);
                let env = arg.get_env().map(|env| env.to_string_lossy().into_owned());
                assert_eq!(env, name, "{} {}", command.get_name(), arg.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&crate::args::command());
    }
    #[test]
    fn no_help_tells_of_a_default_that_is_nothing() {
        fn check(command: &mut Command) {
            let help = command.render_long_help().to_string();
            assert!(!help.contains("[default: \"\"]"), "{help}");
            command.get_subcommands_mut().for_each(check);
        }
        check(&mut crate::args::command());
    }
}
