//! The mapping that is shipped, and lines of histories that never were.

use gradus_collect::Mapping;

/// The text of the shipped mapping.
pub(crate) const GIT: &str = include_str!("../../../../config/mappings/git.toml");

/// The shipped mapping.
pub(crate) fn git() -> Mapping {
    Mapping::parse("git.toml", GIT).unwrap()
}

/// The top of the shipped mapping, up to its rules.
pub(crate) fn top() -> String {
    GIT.split("[[rule]]").next().unwrap().to_owned()
}

/// A line of a history; `commit` is repeated to make the hash of the commit.
pub(crate) fn line(occurred_at: &str, kind: &str, subject: &str, commit: char) -> String {
    let hash = commit.to_string().repeat(40);
    let object = "0".repeat(40);
    let subject = serde_json::to_string(subject).unwrap();
    format!(
        r#"{{"project": "made-up", "occurred_at": "{occurred_at}", "kind": "{kind}", "subject": {subject}, "uri": "https://example.org/made/up/commit/{hash}", "digest": {{"sha1": "{object}"}}, "title": "It happened"}}"#
    )
}

/// The texts, each on its line.
pub(crate) fn lines(texts: impl IntoIterator<Item = String>) -> String {
    let texts: Vec<String> = texts.into_iter().collect();
    texts.join("\n") + "\n"
}
