//! Globs on the subjects of facts, many at once.
//!
//! Upper and lower case are the same; `*` and `?` stay inside a path segment, `**` crosses
//! segments, `**/x` also fits `x` at the root, `{a,b}` is either and may have an empty side.

use globset::{Error, Glob, GlobBuilder, GlobSet};

/// One glob, or why it is none.
pub(crate) fn parse(glob: &str) -> Result<Glob, String> {
    GlobBuilder::new(glob)
        .case_insensitive(true)
        .literal_separator(true)
        .backslash_escape(true)
        .empty_alternates(true)
        .build()
        .map_err(|error| reason(&error))
}

/// Globs that are searched together, each of a rule.
#[derive(Clone, Debug)]
pub(crate) struct Globs {
    set: GlobSet,
    rules: Vec<usize>,
}

impl Globs {
    /// The globs, each with the number of its rule, or why they are too much together.
    pub(crate) fn new(globs: &[(Glob, usize)]) -> Result<Self, String> {
        let set = GlobSet::new(globs.iter().map(|(glob, _)| glob)).map_err(|e| reason(&e))?;
        Ok(Self { set, rules: globs.iter().map(|(_, rule)| *rule).collect() })
    }

    /// The lowest rule that has a glob that fits.
    pub(crate) fn first(&self, subject: &str) -> Option<usize> {
        self.set.matches(subject).into_iter().filter_map(|at| self.rules.get(at)).min().copied()
    }
}

fn reason(error: &Error) -> String {
    error.kind().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(globs: &[(&str, usize)]) -> Globs {
        let parsed: Vec<_> =
            globs.iter().map(|(glob, rule)| (parse(glob).unwrap(), *rule)).collect();
        Globs::new(&parsed).unwrap()
    }

    #[test]
    fn a_glob_fits_what_its_form_says() {
        for (glob, subject, expected) in [
            ("*.md", "README.md", true),
            ("*.md", "docs/README.md", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("**/security.md", "SECURITY.md", true),
            ("**/security.md", ".github/SECURITY.md", true),
            ("**/security.md", "a/b/security.md", true),
            ("**/security.md", "insecurity.md", false),
            ("fuzz/**", "fuzz/a/b.rs", true),
            ("fuzz/**", "fuzz", false),
            ("**/fuzz/**", "a/fuzz/b", true),
            ("**", "v/0.1.0", true),
            ("*", "v/0.1.0", false),
            ("**/{,.}clippy.toml", "clippy.toml", true),
            ("**/{,.}clippy.toml", "x/.clippy.toml", true),
            ("news{,.md}", "NEWS", true),
            ("news{,.md}", "news.txt", false),
            ("licen{c,s}e*", "LICENSE-MIT", true),
            ("**/changes.?*", "CHANGES.0", true),
            ("**/changes.?*", "CHANGES.", false),
        ] {
            let fits = globs(&[(glob, 0)]).first(subject).is_some();
            assert_eq!(fits, expected, "{glob} on {subject}");
        }
    }

    #[test]
    fn the_lowest_rule_that_fits_comes_first() {
        let globs = globs(&[("x/**", 3), ("**/*.md", 5), ("**", 8)]);
        assert_eq!(globs.first("x/a.md"), Some(3));
        assert_eq!(globs.first("y/a.md"), Some(5));
        assert_eq!(globs.first("y"), Some(8));
    }
}
