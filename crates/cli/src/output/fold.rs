//! Lines that fit a terminal.

/// Stands before what goes on from the line above.
pub(super) const MORE: &str = "  ";
/// A line is not broken before this many columns: what is left would say little.
const LEAST: usize = 20;

/// A text in lines that fit, the first one into other room than the rest; parted between its parts
/// where that can be, and never within a word, so that ids and dates can be copied.
#[must_use]
pub(super) fn folded(text: &str, first: usize, rest: usize) -> Vec<String> {
    let (mut lines, mut left, mut room) = (Vec::new(), text, first.max(LEAST));
    while left.chars().count() > room {
        let end = left.char_indices().nth(room + 1).map_or(left.len(), |(at, _)| at);
        let fits = left.get(..end).unwrap_or(left);
        let parted = fits.rfind(" · ").filter(|at| *at >= LEAST).map(|at| at + " ·".len());
        let Some(at) = parted.or_else(|| fits.rfind(' ')).filter(|at| *at > 0) else { break };
        let (line, further) = left.split_at(at);
        lines.push(line.to_owned());
        (left, room) = (further.trim_start(), rest.max(LEAST));
    }
    lines.push(left.to_owned());
    lines
}

/// A line as it stands by itself, in lines of at most so many columns.
#[must_use]
pub(super) fn lines_of(text: &str, width: usize) -> Vec<String> {
    let lines = folded(text, width, width.saturating_sub(MORE.len())).into_iter();
    let line = |(at, line)| if at == 0 { line } else { format!("{MORE}{line}") };
    lines.enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_parted_between_its_parts_or_words_and_never_within_one() {
        for (text, width, lines) in [
            ("alpha at noon · log size 9", 80, vec!["alpha at noon · log size 9"]),
            (
                "alpha at 2026-06-01T00:00:00Z · log size 9 of 9 · rules strict",
                50,
                vec!["alpha at 2026-06-01T00:00:00Z · log size 9 of 9 ·", "  rules strict"],
            ),
            ("one two three four five six", 22, vec!["one two three four", "  five six"]),
            ("a_single_word_that_is_far_too_long", 20, vec!["a_single_word_that_is_far_too_long"]),
        ] {
            assert_eq!(lines_of(text, width), lines, "{width}");
        }
    }
}
