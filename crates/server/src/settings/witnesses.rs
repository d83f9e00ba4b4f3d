//! Witnesses that sign the log's checkpoints: who they are, and whose signatures are enough.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use gradus_proof::{KeyType, Policy, VerifierKey};
use serde::Deserialize;

/// The witnesses, each explained by its consequence in `config/gradus.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Witnesses {
    /// File of a C2SP tlog-policy, in place of `witness` and `quorum`.
    pub policy: Option<PathBuf>,
    /// How many of `witness` have to sign; all of them if it is left out.
    pub quorum: Option<usize>,
    /// Seconds from one checkpoint that they are asked for to the next.
    pub every_seconds: u32,
    /// PEM file of the authorities that vouch for their addresses; left out, those of the machine.
    pub authorities: Option<PathBuf>,
    /// The witnesses.
    pub witness: Vec<Witness>,
}

/// One witness.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Witness {
    /// What it is called here: no spaces.
    pub name: String,
    /// Its key as C2SP signed-note writes it, of type 0x04.
    pub key: String,
    /// Where it is: `add-checkpoint` is below that.
    pub url: String,
}

/// Witnesses that cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum WitnessesError {
    /// A setting is missing or wrong.
    #[error("`witnesses.{field}`: {reason}")]
    Wrong {
        /// The setting.
        field: &'static str,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// One of the witnesses cannot be asked.
    #[error("`witnesses`: `{name}`: {reason}")]
    Witness {
        /// Its name.
        name: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

impl Default for Witnesses {
    fn default() -> Self {
        let (policy, quorum, authorities) = (None, None, None);
        Self { policy, quorum, every_seconds: 60, authorities, witness: Vec::new() }
    }
}

fn wrong(field: &'static str, reason: impl ToString) -> WitnessesError {
    WitnessesError::Wrong { field, reason: reason.to_string() }
}

impl Witnesses {
    /// The time from one checkpoint that they are asked for to the next.
    #[must_use]
    pub const fn every(&self) -> Duration {
        Duration::from_secs(self.every_seconds as u64)
    }

    /// Whose signatures are enough; nothing where no witness is named.
    ///
    /// # Errors
    ///
    /// [`WitnessesError`]: what is wrong, by its field.
    pub fn read(&self) -> Result<Option<Policy>, WitnessesError> {
        let Some(path) = &self.policy else { return self.of_list() };
        if !self.witness.is_empty() || self.quorum.is_some() {
            let reason = "it is set, and `witness` or `quorum`, too: give one of them";
            return Err(wrong("policy", reason));
        }
        let unreadable = |error| wrong("policy", format!("{}: {error}", path.display()));
        let bytes = std::fs::read(path).map_err(unreadable)?;
        let policy = Policy::parse(&bytes);
        let policy =
            policy.map_err(|error| wrong("policy", format!("{}: {error}", path.display())))?;
        if policy.quorum().is_none() {
            let reason = "it has `quorum none`: name the witness or group that has to sign";
            return Err(wrong("policy", reason));
        }
        Ok(Some(policy))
    }

    fn of_list(&self) -> Result<Option<Policy>, WitnessesError> {
        if self.witness.is_empty() {
            let unused = || wrong("quorum", "it is set, and no witness is: name some");
            return if self.quorum.is_some() { Err(unused()) } else { Ok(None) };
        }
        let many = self.witness.len();
        let quorum = self.quorum.unwrap_or(many);
        if !(1..=many).contains(&quorum) {
            let reason = format!("{quorum} of {many} witnesses cannot sign: 1 to {many} can");
            return Err(wrong("quorum", reason));
        }
        let mut names = BTreeSet::new();
        let (mut text, mut group) = (String::new(), format!("group enough-of-them {quorum}"));
        for Witness { name, key, url } in &self.witness {
            let wrong = |reason: &dyn ToString| {
                let (name, reason) = (name.clone(), reason.to_string());
                WitnessesError::Witness { name, reason }
            };
            if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
                return Err(wrong(&"`name` has to be one word"));
            }
            if !names.insert(name) {
                return Err(wrong(&"it is there twice: give each witness once"));
            }
            let key: VerifierKey =
                key.parse().map_err(|error: gradus_proof::NoteError| wrong(&error))?;
            if key.kind() != KeyType::Cosignature {
                let reason = "`key` signs notes: a witness's key is of type 0x04, and signs times";
                return Err(wrong(&reason));
            }
            if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
                return Err(wrong(&"`url` is no address"));
            }
            // Writing to a String cannot fail.
            let _ = writeln!(text, "witness {name} {key} {url}");
            let _ = write!(group, " {name}");
        }
        let text = format!("{text}{group}\nquorum enough-of-them\n");
        let policy = Policy::parse(text.as_bytes());
        policy.map(Some).map_err(|error| wrong("witness", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_proof::Cosigner;

    fn named(name: &str, seed: u8) -> Witness {
        let key = Cosigner::from_seed("w.example", &[seed; 32]).unwrap();
        let url = "http://127.0.0.1:1/w".to_owned();
        Witness { name: name.to_owned(), key: key.verifier().to_string(), url }
    }

    fn of(witness: Vec<Witness>, quorum: Option<usize>) -> Result<Option<Policy>, String> {
        let settings = Witnesses { quorum, witness, ..Witnesses::default() };
        settings.read().map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_of_witnesses_is_a_policy_with_a_quorum() {
        let two = || vec![named("one", 1), named("two", 2)];
        let policy = of(two(), Some(1)).unwrap().unwrap();
        let names: Vec<_> = policy.witnesses().map(|witness| witness.name.as_str()).collect();
        assert_eq!(names, ["one", "two"]);
        assert!(policy.to_string().contains("group enough-of-them 1 one two\n"), "{policy}");
        let all = of(two(), None).unwrap().unwrap();
        assert!(all.to_string().contains("group enough-of-them 2 one two\n"), "{all}");
        assert_eq!(of(Vec::new(), None), Ok(None));
    }

    #[test]
    fn what_is_wrong_with_witnesses_is_named() {
        let log = gradus_proof::Signer::from_seed("log", &[7; 32]).unwrap();
        let log = Witness { key: log.verifier().to_string(), ..named("one", 1) };
        for (witness, quorum, then) in [
            (vec![named("one", 1)], Some(2), "`witnesses.quorum`: 2 of 1 witnesses"),
            (vec![named("one", 1)], Some(0), "`witnesses.quorum`: 0 of 1 witnesses"),
            (Vec::new(), Some(1), "`witnesses.quorum`: it is set, and no witness is"),
            (vec![named("a b", 1)], None, "`witnesses`: `a b`: `name` has to be one word"),
            (vec![named("one", 1), named("one", 2)], None, "`witnesses`: `one`: it is there twice"),
            (vec![named("one", 1), named("two", 1)], None, "`witnesses.witness`: line 2 of the"),
            (vec![log], None, "`witnesses`: `one`: `key` signs notes"),
            (vec![named("enough-of-them", 1)], None, "`witnesses.witness`: line 2"),
        ] {
            let error = of(witness, quorum).unwrap_err();
            assert!(error.starts_with(then), "{error}");
        }
    }
}
