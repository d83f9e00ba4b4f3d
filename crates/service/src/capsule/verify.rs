//! Verifies a capsule without a log: what was proved, and what was not.

use std::collections::BTreeSet;
use std::fmt;

use gradus_capsule::file::MANIFEST;
use gradus_capsule::texts::Counted;
use gradus_capsule::{Capsule, Checked, Fault, Heads, Manifest, Trust, Unread, check};
use gradus_domain::At;
use gradus_domain::appraisal::stream_of;
use gradus_model::{Event, Timestamp, UnitId};

use super::fold::Folded;

/// A capsule that holds.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What it says of itself, all of it found to be so.
    pub manifest: Manifest,
    /// What was proved.
    pub proved: Vec<Finding>,
    /// What it does not prove.
    pub not_proved: Vec<Finding>,
}

/// Something that a capsule proves, or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Who signed the checkpoint.
    Signed {
        /// The records that it covers.
        size: u64,
        /// The key.
        by: String,
    },
    /// That the checkpoint was seen by others.
    Witnessed {
        /// The names of the witnesses in the policy.
        by: Vec<String>,
    },
    /// That the records are those of the log, in their order.
    Records {
        /// How many.
        records: u64,
        /// In how many streams.
        streams: u64,
        /// The size of the log.
        size: u64,
    },
    /// That the size is what was known at a moment.
    KnownAt {
        /// The size.
        size: u64,
        /// The moment.
        at: Timestamp,
    },
    /// That no record of the log up to its size is missing.
    Complete {
        /// The size.
        size: u64,
    },
    /// That texts are those that were recorded.
    Texts {
        /// The fields that are shown.
        shown: u64,
    },
    /// That the levels follow from the records by the rules.
    Levels {
        /// The units.
        units: u64,
    },
    /// Nobody's key was given.
    Unsigned,
    /// No witness signed, or none is known.
    Unwitnessed,
    /// That no stream has a record that is not here, by a state digest of the log.
    Whole {
        /// The streams, those without a record among them.
        streams: u64,
        /// How much of the log this is proved of.
        size: u64,
        /// The size of the log that the digest describes.
        described: u64,
        /// Where the digest was recorded.
        position: u64,
    },
    /// Streams may go on below the size, and units above may have records.
    LaterRecords {
        /// The records that are not here.
        missing: u64,
        /// The size that the last state digest describes, which is less; none where none is here.
        described: Option<u64>,
        /// Units above those asked for of which no stream is here.
        without_stream: Vec<UnitId>,
    },
    /// What was recorded of appraisals that ratings name, whose streams are not here.
    Appraisals {
        /// The appraisals.
        without_stream: Vec<UnitId>,
    },
    /// What the log itself says of units, in a state digest.
    Told {
        /// The units.
        units: u64,
        /// The size that the digest describes.
        size: u64,
        /// Where it was recorded.
        position: u64,
    },
    /// That levels of a state digest follow from records.
    NotComputed,
    /// What units have from those above them, or not at all.
    OwnOnly,
    /// What units are called, and which others there are.
    NamesOnly,
    /// What was recorded after the records that a state digest describes.
    Since {
        /// The size that the digest describes.
        size: u64,
        /// The size of the checkpoint.
        until: u64,
    },
    /// Texts that are withheld.
    Withheld {
        /// The fields.
        fields: u64,
    },
    /// Texts that were erased.
    Erased {
        /// The records.
        records: u64,
    },
    /// All texts were left out.
    WithoutTexts,
}

impl Finding {
    /// Its name, for programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Signed { .. } | Self::Unsigned => "signature",
            Self::Witnessed { .. } | Self::Unwitnessed => "witnesses",
            Self::Records { .. } => "records",
            Self::KnownAt { .. } => "known-at",
            Self::Complete { .. } | Self::LaterRecords { .. } => "completeness",
            Self::Whole { .. } => "stream-heads",
            Self::Appraisals { .. } => "appraisals",
            Self::Told { .. } => "levels-told",
            Self::NotComputed => "levels-computed",
            Self::OwnOnly => "inheritance",
            Self::NamesOnly => "names",
            Self::Since { .. } => "later-records",
            Self::Texts { .. } => "texts",
            Self::Levels { .. } => "levels",
            Self::Withheld { .. } => "withheld-texts",
            Self::Erased { .. } => "erased-texts",
            Self::WithoutTexts => "texts-left-out",
        }
    }
}

fn listed(streams: &[UnitId]) -> String {
    streams.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// So many of something, in words.
struct Many(u64, &'static str);

impl fmt::Display for Many {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, what) = self;
        write!(f, "{count} {what}{}", if *count == 1 { "" } else { "s" })
    }
}

/// In plain words.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed { size, by } => {
                write!(f, "the log of {} is the one that {by} signed", Many(*size, "record"))
            }
            Self::Witnessed { by } => {
                write!(f, "the same checkpoint was signed by: {}", by.join(", "))
            }
            Self::Records { records, streams, size } => write!(
                f,
                "{} in {} are in the log of {size}, unchanged and each in its place, and no stream \
                 misses one before the last that is here",
                Many(*records, "record"),
                Many(*streams, "stream")
            ),
            Self::KnownAt { size, at } => {
                write!(f, "what was known at {at}: {}, no more and no less", Many(*size, "record"))
            }
            Self::Complete { size } => {
                write!(f, "nothing was left out: here is the whole log, {}", Many(*size, "record"))
            }
            Self::Texts { shown } => {
                write!(f, "what was recorded is what is shown: {}", Many(*shown, "text"))
            }
            Self::Levels { units } => write!(
                f,
                "the levels of {} follow from these records by the rules in them, which were run \
                 again",
                Many(*units, "unit")
            ),
            Self::Unsigned => f.write_str(
                "who signed: without a key of the log or a policy, the records agree with one \
                 another, and anybody could have made them",
            ),
            Self::Unwitnessed => f.write_str(
                "that others were shown the same log: no witness that you name signed the checkpoint",
            ),
            Self::Whole { streams, size, described, position } => write!(
                f,
                "none of {} has a record among the first {size} that is not here: the log says so \
                 itself, in its state digest of {described} records at position {position}",
                Many(*streams, "stream")
            ),
            Self::LaterRecords { missing, described, without_stream } => {
                write!(
                    f,
                    "that no stream has a later record: some of the log are not here ({missing}), and \
                     "
                )?;
                match described {
                    None => f.write_str("nothing says of which streams they are")?,
                    Some(described) => write!(
                        f,
                        "the newest state digest of the log was of its first {described}, so that \
                         nothing says of which streams those after them are"
                    )?,
                }
                if !without_stream.is_empty() {
                    let ids = listed(without_stream);
                    write!(f, "; that nothing was recorded of units above: {ids}")?;
                }
                Ok(())
            }
            Self::Appraisals { without_stream } => write!(
                f,
                "what was recorded of appraisals that ratings name, whose streams are not here: whether \
                 ratings were brought in with them: {}",
                listed(without_stream)
            ),
            Self::Told { units, size, position } => write!(
                f,
                "the own levels of {} are those that the log itself says were told with its first {size} \
                 records, in its state digest at position {position}",
                Many(*units, "unit")
            ),
            Self::NotComputed => f.write_str(
                "that the levels follow from what was recorded: no record is here, and no rule was run; \
                 whoever ran the log could have told others than its records give",
            ),
            Self::OwnOnly => f.write_str(
                "what units inherit from those above them, and which areas do not apply to them",
            ),
            Self::NamesOnly => {
                f.write_str("what the units are called, and that there are no others")
            }
            Self::Since { size, until } => write!(
                f,
                "what changed after the first {size} records: the log of the checkpoint has {until}"
            ),
            Self::Withheld { fields } => {
                write!(f, "what is withheld: {}", Many(*fields, "text"))
            }
            Self::Erased { records } => {
                write!(f, "what texts said that were erased, of {}", Many(*records, "record"))
            }
            Self::WithoutTexts => f.write_str("what any text says: all were left out"),
        }
    }
}

/// Verifies a capsule: signatures, proofs, chains and commitments, and then the levels, by the code
/// that the server computes them with.
///
/// # Errors
///
/// [`Unread`]: nothing to verify, or the first thing that is not as it must be.
pub fn verify(bytes: &[u8], trust: &Trust<'_>) -> Result<Verified, Unread> {
    opened(bytes, trust).map(|(verified, ..)| verified)
}

/// A capsule that holds, its records folded, and where and when each was recorded, in order.
pub(super) type Opened = (Verified, Folded, Vec<(u64, Timestamp)>);

/// The same, with what its records come to.
pub(super) fn opened(bytes: &[u8], trust: &Trust<'_>) -> Result<Opened, Unread> {
    let capsule = Capsule::read(bytes)?;
    let checked = check(&capsule, trust)?;
    let manifest = &capsule.manifest;
    let at = At { valid_at: manifest.valid_at.0, size: manifest.log_size };
    let folded = Folded::of(&checked.records, &checked.documents)?;
    for claimed in &manifest.units {
        let unit = claimed.unit.0;
        let found = folded.claim(manifest.log.0, unit, at)?;
        if found == *claimed {
            continue;
        }
        let differs = claimed.areas.iter().zip(&found.areas).find(|(one, other)| one != other);
        let what = match differs {
            Some((claimed, found)) => format!(
                "unit {unit} is claimed at {} and {} in {}, and the records give {} and {}",
                claimed.rated, claimed.ongoing, claimed.area, found.rated, found.ongoing
            ),
            None => format!("unit {unit} is claimed otherwise than the records say"),
        };
        return Err(Fault::new(MANIFEST, what).into());
    }
    let without_stream = without_stream(&folded, &checked, manifest);
    let (proved, not_proved) = findings(manifest, &checked, without_stream);
    let places = checked.records.iter().map(|record| record.place);
    let stamps = places.map(|place| (place.position, place.recorded_at)).collect();
    let manifest = capsule.manifest;
    Ok((Verified { manifest, proved, not_proved }, folded, stamps))
}

/// The units above those claimed that have no record here, which may be none at all.
fn without_stream(folded: &Folded, checked: &Checked<'_>, manifest: &Manifest) -> Vec<UnitId> {
    let units = manifest.units.iter().map(|claim| claim.unit.0);
    let above = units.flat_map(|unit| folded.views.registry.ever_above(unit, manifest.log_size));
    let is_here = |unit: &UnitId| checked.streams.iter().any(|stream| stream.id == *unit);
    let mut without: Vec<UnitId> = above.filter(|unit| !is_here(unit)).collect();
    without.sort_unstable();
    without.dedup();
    without
}

/// The appraisals that ratings name, of which neither the stream is here nor a row says that it has none:
/// what an import is, their streams alone say.
fn unseen_appraisals(checked: &Checked<'_>, size: u64) -> Vec<UnitId> {
    let named = checked.records.iter().filter_map(|record| match &record.event {
        Event::PracticeRated(rated) => rated.appraisal.map(stream_of),
        _ => None,
    });
    let heads = checked.heads.as_ref().filter(|heads| heads.size >= size);
    let is_known = |stream: &UnitId| {
        checked.streams.iter().any(|here| here.id == *stream)
            || heads.is_some_and(|heads| heads.whole.contains(stream))
    };
    let unseen: BTreeSet<UnitId> = named.filter(|stream| !is_known(stream)).collect();
    unseen.into_iter().collect()
}

/// Whether a state digest of the whole size says of every stream that matters where it ends.
fn is_whole(checked: &Checked<'_>, size: u64, without_stream: &[UnitId]) -> bool {
    let heads = checked.heads.as_ref().filter(|heads| heads.size >= size);
    let here = checked.streams.iter().map(|stream| &stream.id);
    heads.is_some_and(|heads| here.chain(without_stream).all(|stream| heads.whole.contains(stream)))
}

fn findings(
    manifest: &Manifest,
    checked: &Checked<'_>,
    without_stream: Vec<UnitId>,
) -> (Vec<Finding>, Vec<Finding>) {
    let (mut proved, mut open) = (Vec::new(), Vec::new());
    let size = manifest.log_size;
    match &checked.signed_by {
        Some(key) => {
            let by = key.to_string();
            proved.push(Finding::Signed { size: checked.checkpoint.size, by });
        }
        None => open.push(Finding::Unsigned),
    }
    if checked.witnesses.is_empty() {
        open.push(Finding::Unwitnessed);
    } else {
        let by = checked.witnesses.iter().map(|witness| witness.name.clone()).collect();
        proved.push(Finding::Witnessed { by });
    }
    let (records, streams) = (checked.records.len() as u64, checked.streams.len() as u64);
    proved.push(Finding::Records { records, streams, size });
    if let Some(at) = manifest.known_at.filter(|_| checked.known_at) {
        proved.push(Finding::KnownAt { size, at: at.0 });
    }
    let heads = checked.heads.as_ref();
    if let Some(Heads { size: described, position, whole }) = heads {
        let (streams, described) = (whole.len() as u64, *described);
        let (size, position) = (size.min(described), *position);
        proved.push(Finding::Whole { streams, size, described, position });
    }
    if checked.complete {
        proved.push(Finding::Complete { size });
    } else if !is_whole(checked, size, &without_stream) {
        let missing = size.saturating_sub(records);
        let described = heads.map(|heads| heads.size).filter(|described| *described < size);
        let is_proved = |unit: &UnitId| {
            heads.is_some_and(|heads| heads.size >= size && heads.whole.contains(unit))
        };
        let without_stream = without_stream.into_iter().filter(|unit| !is_proved(unit)).collect();
        open.push(Finding::LaterRecords { missing, described, without_stream });
    }
    let unseen = unseen_appraisals(checked, size);
    if !checked.complete && !unseen.is_empty() {
        open.push(Finding::Appraisals { without_stream: unseen });
    }
    match checked.texts {
        Some(Counted { shown, withheld, erased, .. }) => {
            proved.push(Finding::Texts { shown });
            if withheld > 0 {
                open.push(Finding::Withheld { fields: withheld });
            }
            if erased > 0 {
                open.push(Finding::Erased { records: erased });
            }
        }
        None => open.push(Finding::WithoutTexts),
    }
    proved.push(Finding::Levels { units: manifest.units.len() as u64 });
    (proved, open)
}
