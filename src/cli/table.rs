//! Tables for people: drawn with colour on a terminal, as plain tab-separated lines elsewhere.

use std::io::{self, IsTerminal as _, Write};

use comfy_table::{Cell, Color, Table, presets};

/// What a cell means, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Good,
    Bad,
}

/// Writes a table to standard output.
pub(super) fn print(header: &[&str], rows: &[Vec<(String, Tone)>]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED).set_header(header.to_vec());
        if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
            table.force_no_tty();
        }
        for row in rows {
            table.add_row(row.iter().map(|(text, tone)| cell(text, *tone)).collect::<Vec<_>>());
        }
        writeln!(out, "{table}")?;
    } else {
        writeln!(out, "{}", header.join("\t").to_lowercase())?;
        for row in rows {
            let texts: Vec<_> = row.iter().map(|(text, _)| plain(text)).collect();
            writeln!(out, "{}", texts.join("\t"))?;
        }
    }
    out.flush()
}

fn cell(text: &str, tone: Tone) -> Cell {
    let cell = Cell::new(plain(text));
    match tone {
        Tone::Plain => cell,
        Tone::Good => cell.fg(Color::Green),
        Tone::Bad => cell.fg(Color::Red),
    }
}

/// Shows what might steer a terminal, in a file that somebody tampered with, as an escape.
pub(super) fn plain(text: &str) -> String {
    let show = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    text.chars().map(show).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_cell_can_steer_the_terminal() {
        assert_eq!(plain("acme"), "acme");
        assert_eq!(plain("a\u{1b}[2Jb\tc\n"), "a\\u{1b}[2Jb\\tc\\n");
    }
}
