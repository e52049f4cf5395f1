//! What the program itself says of commands and settings.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args as _, Command, CommandFactory as _, FromArgMatches as _, Parser as _};
use gomark::cli::Cli;
use gomark::config::{Checked, Settings, Surroundings};
use gomark::telemetry::Format;
use zeroize::Zeroizing;

pub(crate) type Environment = BTreeMap<String, String>;

/// The setting that is no flag.
const KEY: &str = "GOMARK_KEY";

/// Checks that the program takes a command.
pub(crate) fn assert_command(words: &[String]) {
    let parsed = Cli::try_parse_from(std::iter::once("gomark").chain(words.iter().map(|w| &**w)));
    assert!(parsed.is_ok(), "gomark {words:?}: {}", parsed.unwrap_err());
}

/// Checks that all variables are settings of the command, and that the service would start with them.
/// An image has variables for the service, which other commands need not know.
pub(crate) fn assert_settings(words: &[String], image: &Environment, given: &Environment) {
    let name = words[0].as_str();
    let cli = Cli::command();
    let command = cli.find_subcommand(name).expect("the command");
    let known = variables(command);
    let serves = variables(cli.find_subcommand("serve").unwrap());
    for variable in image.keys() {
        assert!(serves.contains(variable), "{variable} is no setting");
    }
    for variable in given.keys() {
        let is_known = known.contains(variable) || serves.contains(variable) && name != "sandbox";
        assert!(is_known, "{variable} is no setting of gomark {name}");
    }
    if name == "serve" {
        let mut environment = image.clone();
        environment.extend(given.clone());
        if let Err(faults) = check(&words[1..], &environment) {
            panic!("gomark {words:?} with {environment:?}: {faults}");
        }
    }
}

fn variables(command: &Command) -> BTreeSet<String> {
    let named = command.get_arguments().filter_map(clap::Arg::get_env);
    let named = named.map(|name| name.to_string_lossy().into_owned());
    named.chain([KEY.to_owned()]).collect()
}

/// Checks settings as `gomark serve` does in an environment, and not in that of this process.
pub(crate) fn check(flags: &[String], environment: &Environment) -> Result<Checked, String> {
    let command = Settings::augment_args(Command::new("serve"));
    let of_environment = command.get_arguments().filter_map(|setting| {
        let variable = setting.get_env()?.to_str()?;
        let flag = setting.get_long()?;
        // A flag wins.
        let is_given = flags.iter().any(|word| word.starts_with(&format!("--{flag}=")));
        let value = environment.get(variable).filter(|_| !is_given)?;
        Some(format!("--{flag}={value}"))
    });
    let words: Vec<_> = of_environment.chain(flags.iter().cloned()).collect();
    let command = command.mut_args(|setting| setting.env(clap::builder::Resettable::Reset));
    let words = std::iter::once("serve".to_owned()).chain(words);
    let matches = command.try_get_matches_from(words).map_err(|error| error.to_string())?;
    let settings = Settings::from_arg_matches(&matches).map_err(|error| error.to_string())?;
    let key = environment.get(KEY).cloned().map(Zeroizing::new);
    let surroundings = Surroundings { key, log_format: Format::Json };
    settings.check_in(&surroundings).map_err(|faults| faults.to_string())
}
