//! The log: lines to standard error, as text or JSON.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Libraries that log as errors, again and again, what GoMark expects and tells of itself: that a
/// RabbitMQ is away. A filter that names them wins.
const QUIET: &str = "lapin=off";

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Which lines: `info`, or `warn,gomark=debug`.
    pub filter: String,
    /// In which form.
    pub format: Format,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

impl Format {
    /// Returns the form that suits where standard error goes.
    pub fn of_stderr() -> Self {
        if io::stderr().is_terminal() { Self::Text } else { Self::Json }
    }
}

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter has a form that is not known.
    #[error("the log filter cannot be read")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
    /// Something else in this process logs already.
    #[error("the log cannot be set up")]
    Taken(#[source] Box<dyn StdError + Send + Sync>),
}

/// Sets the log up, once in the life of a program.
///
/// # Errors
///
/// Fails on a filter that [`parse_filter`] refuses, and when there is a log already.
pub fn init(log: &Log) -> Result<(), Error> {
    let filter = format!("{QUIET},{}", log.filter);
    let filter = EnvFilter::try_new(filter).map_err(Error::Filter)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_span_events(FmtSpan::NONE);
    match log.format {
        Format::Text => {
            let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            lines.with_ansi(colour).try_init()
        }
        Format::Json => lines.json().flatten_event(true).try_init(),
    }
    .map_err(Error::Taken)
}

/// Reads a filter as an operator writes it; returns it without blanks.
///
/// Stricter than the library in one point: it takes a misspelt level for the name of a module, and
/// then nothing is logged.
///
/// # Errors
///
/// Says what is wrong.
pub fn parse_filter(text: &str) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let directives: Vec<_> =
        text.split(',').map(str::trim).filter(|directive| !directive.is_empty()).collect();
    for directive in &directives {
        let level = directive.to_ascii_lowercase();
        if !directive.contains(['=', '[']) && !LEVELS.contains(&level.as_str()) {
            return Err(format!("has {directive:?}, which is no level ({})", LEVELS.join(", ")));
        }
    }
    if directives.is_empty() {
        return Err(format!("is empty; give a level ({})", LEVELS.join(", ")));
    }
    let filter = directives.join(",");
    match EnvFilter::try_new(&filter) {
        Ok(_) => Ok(filter),
        Err(error) => Err(format!("cannot be read: {error}")),
    }
}

/// Shows an error with all that caused it: `a: b: c`.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    Chain(error).to_string()
}

/// Displays an error with all that caused it: `a: b: c`.
#[derive(Clone, Copy, Debug)]
pub struct Chain<'a>(pub &'a (dyn StdError + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = self.0.to_string();
        f.write_str(&last)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            let text = error.to_string();
            // Some libraries repeat their source in their own text.
            if !last.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            last = text;
            next = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        #[source]
        source: Option<Box<Layer>>,
    }

    fn layers(texts: &[&'static str]) -> Option<Box<Layer>> {
        let (text, rest) = texts.split_first()?;
        Some(Box::new(Layer { text, source: layers(rest) }))
    }

    #[test]
    fn a_chain_names_every_cause_once() {
        assert_eq!(chain(&*layers(&["a", "b", "c"]).unwrap()), "a: b: c");
        assert_eq!(chain(&*layers(&["a: b", "b", "c"]).unwrap()), "a: b: c");
        assert_eq!(chain(&*layers(&["a"]).unwrap()), "a");
    }

    #[test]
    fn a_misspelt_level_is_refused() {
        for good in ["info", "INFO", "warn,gomark=debug", "info,h2=off", "off"] {
            assert_eq!(parse_filter(good).as_deref(), Ok(good));
        }
        assert_eq!(parse_filter(" info, h2=off,").as_deref(), Ok("info,h2=off"));
        for bad in ["", " ,", "infoo", "warn,debgu", "gomark", "gomark=loud"] {
            assert!(parse_filter(bad).is_err(), "{bad}");
        }
    }
}
