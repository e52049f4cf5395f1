//! Where in the tokens file something stands.

/// Finds the line of a byte.
pub(super) struct Places {
    line_starts: Vec<usize>,
}

impl Places {
    pub(super) fn new(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self { line_starts: std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect() }
    }

    /// Returns the number of the line, from 1, that the byte stands in.
    pub(super) fn line(&self, byte: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= byte)
    }
}

/// Shows a key that is not known, unless it could be a token in the wrong place.
pub(super) fn show_key(key: &str) -> String {
    let plain = key.len() <= 24 && key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if plain && !key.is_empty() { format!("the key {key}") } else { "a key".to_owned() }
}
