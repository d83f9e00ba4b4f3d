//! The texts of one stream, one line of JSON for each record that has some: fields with their salts,
//! what stands for those that are withheld, or that they were erased.

use gradus_model::payload::Field;
use gradus_model::{Digest, Payload};
use gradus_proof::payload::{SALT, field_leaf, payload_root};
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::shown::Text;
use crate::stream::Stream;

/// One field of a payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Shown {
    /// What is withheld: the hash that the payload root is made of, and that tells nothing.
    Withheld {
        /// The leaf hash of the field.
        withheld: Text<Digest>,
    },
    /// What is shown, with the salt that proves it.
    Open {
        /// The field's name.
        name: String,
        /// The field's salt, 32 bytes in hexadecimal.
        salt: Text<Digest>,
        /// The field's text.
        text: String,
    },
}

/// The texts of one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The record's version in the stream.
    pub version: u64,
    /// Whether their key was destroyed: nobody can read them any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
    /// The fields in their order; none where they were erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Shown>,
}

impl Line {
    /// Texts that nobody can read any more.
    #[must_use]
    pub const fn erased(version: u64) -> Self {
        Self { version, erased: true, fields: Vec::new() }
    }

    /// Texts of which some fields are withheld.
    #[must_use]
    pub fn of(
        version: u64,
        payload: &Payload,
        salts: &[[u8; SALT]],
        withheld: impl Fn(&Field) -> bool,
    ) -> Self {
        let shown = |(field, salt): (&Field, &[u8; SALT])| {
            if withheld(field) {
                return Shown::Withheld { withheld: Text(field_leaf(salt, field)) };
            }
            let (name, text) = (field.name.clone(), field.text.clone());
            Shown::Open { name, salt: Text(Digest(*salt)), text }
        };
        let fields = payload.0.iter().zip(salts).map(shown).collect();
        Self { version, erased: false, fields }
    }

    /// What the fields commit to.
    fn root(&self) -> Digest {
        let leaf = |shown: &Shown| match shown {
            Shown::Withheld { withheld } => withheld.0,
            Shown::Open { name, salt, text } => {
                field_leaf(&salt.0.0, &Field { name: name.clone(), text: text.clone() })
            }
        };
        payload_root(&self.fields.iter().map(leaf).collect::<Vec<_>>())
    }
}

/// How many texts a capsule shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Records with texts.
    pub records: u64,
    /// Fields that are shown, and are what was committed to.
    pub shown: u64,
    /// Fields that are withheld.
    pub withheld: u64,
    /// Records whose texts were erased.
    pub erased: u64,
}

impl Counted {
    /// Takes in what another stream has.
    pub const fn add(&mut self, other: Self) {
        self.records += other.records;
        self.shown += other.shown;
        self.withheld += other.withheld;
        self.erased += other.erased;
    }
}

/// Writes the lines of a stream.
#[must_use]
pub fn write(lines: &[Line]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines {
        // Neither fails: every key is a text, and the writer is memory.
        let _ = serde_json::to_writer(&mut out, line);
        out.push(b'\n');
    }
    out
}

/// Checks that each record of a stream that has texts has a line here, and that the leaf commits to
/// what the line says.
///
/// # Errors
///
/// [`Fault`]: the first record whose texts are not its own.
pub fn check(member: &str, bytes: &[u8], stream: &Stream<'_>) -> Result<Counted, Fault> {
    let mut counted = Counted::default();
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let with_texts =
        stream.records.iter().filter(|record| record.leaf.draft.payload_root != Digest::ZERO);
    for record in with_texts {
        let place = record.leaf.place;
        let wrong = |what: &dyn ToString| {
            Fault::new(member, what.to_string()).at(place.version, Some(place.position))
        };
        let bytes = lines.next().ok_or_else(|| wrong(&"the record's texts have no line"))?;
        let line: Line = serde_json::from_slice(bytes)
            .map_err(|error| wrong(&format!("the line is none of texts: {error}")))?;
        if write(std::slice::from_ref(&line)) != bytes {
            return Err(wrong(&"the line is not written as it must be"));
        }
        if line.version != place.version {
            return Err(wrong(&format!("the line is of version {}", line.version)));
        }
        counted.records += 1;
        if line.erased && line.fields.is_empty() {
            counted.erased += 1;
            continue;
        }
        let (root, committed) = (line.root(), record.leaf.draft.payload_root);
        if line.erased || root != committed {
            let what = format!("the texts hash to {root}, and the leaf commits to {committed}");
            return Err(wrong(&what));
        }
        let shown = line.fields.iter().filter(|field| matches!(field, Shown::Open { .. })).count();
        counted.shown += shown as u64;
        counted.withheld += (line.fields.len() - shown) as u64;
    }
    match lines.next() {
        Some(_) => Err(Fault::new(member, "it has more lines than the stream has texts")),
        None => Ok(counted),
    }
}
