//! Proofs and checkpoints for verifiers in other languages: lines of JSON, true ones and changed ones.
//!
//! `GRADUS_PROOFS_TO` names the file to write; `tests/foreign/proofs` reads it.

use std::fmt::Write as _;

use gradus_model::Digest;
use gradus_proof::{Checkpoint, Plan, Signer, leaf_hash};

use crate::log::{Dice, Ours, from_environment, leaf};
use crate::proofs::{PROOFS, another};

/// The leaves of the log; not a power of two, and with 19 levels.
const MOST: u64 = 300_000;

const ORIGIN: &str = "log.example/gradus";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn array(hashes: &[Digest]) -> String {
    let each: Vec<String> = hashes.iter().map(|hash| format!("\"{hash}\"")).collect();
    format!("[{}]", each.join(","))
}

/// Changes the hashes of a proof; says how, or none where it cannot be changed so.
fn changed(path: &mut Vec<Digest>, way: u64, dice: &mut Dice) -> Option<&'static str> {
    let at = usize::try_from(dice.below(path.len().max(1) as u64)).unwrap();
    match way {
        0 => {
            *path.get_mut(at)? = another(path.get(at)?);
            Some("a bit of a hash")
        }
        1 if !path.is_empty() => {
            path.remove(at);
            Some("a hash less")
        }
        2 => {
            path.push(Digest([7; 32]));
            Some("a hash more at the end")
        }
        3 => {
            path.insert(0, Digest([7; 32]));
            Some("a hash more at the beginning")
        }
        4 if path.len() > 1 => {
            path.rotate_left(1);
            Some("hashes in another order")
        }
        _ => None,
    }
}

struct Inclusion {
    leaf: Vec<u8>,
    index: u64,
    size: u64,
    root: Digest,
    path: Vec<Digest>,
}

impl Inclusion {
    fn line(&self, what: &str) -> String {
        let Self { leaf, index, size, root, path } = self;
        let (bytes, hash, path) = (hex(leaf), leaf_hash(leaf), array(path));
        format!(
            "{{\"kind\":\"inclusion\",\"what\":\"{what}\",\"leaf\":\"{bytes}\",\
             \"leaf_hash\":\"{hash}\",\"index\":{index},\"size\":{size},\"root\":\"{root}\",\
             \"path\":{path}}}\n"
        )
    }

    fn change(&mut self, ours: &Ours, dice: &mut Dice) -> &'static str {
        loop {
            let other = dice.below(self.size);
            match dice.below(10) {
                5 => self.leaf.push(b'x'),
                6 if other != self.index => {
                    self.index = other;
                    return "another index";
                }
                7 => {
                    self.root = another(&self.root);
                    return "a bit of the root";
                }
                8 if self.size < MOST => {
                    self.root = ours.root(self.size + 1);
                    return "the root of one record later";
                }
                9 if other != self.index => {
                    self.path = ours.prove(&Plan::inclusion(other, self.size).unwrap());
                    return "the path of another leaf";
                }
                way => match changed(&mut self.path, way, dice) {
                    Some(what) => return what,
                    None => continue,
                },
            }
            return "another leaf";
        }
    }
}

struct Consistency {
    old: u64,
    old_root: Digest,
    new: u64,
    new_root: Digest,
    path: Vec<Digest>,
}

impl Consistency {
    fn line(&self, what: &str) -> String {
        let Self { old, old_root, new, new_root, path } = self;
        let path = array(path);
        format!(
            "{{\"kind\":\"consistency\",\"what\":\"{what}\",\"old\":{old},\
             \"old_root\":\"{old_root}\",\"new\":{new},\"new_root\":\"{new_root}\",\
             \"path\":{path}}}\n"
        )
    }

    fn change(&mut self, ours: &Ours, dice: &mut Dice) -> &'static str {
        loop {
            let other = 1 + dice.below(self.new);
            match dice.below(10) {
                5 => {
                    self.old_root = another(&self.old_root);
                    return "a bit of the old root";
                }
                6 => {
                    self.new_root = another(&self.new_root);
                    return "a bit of the new root";
                }
                7 if self.old != self.new => {
                    std::mem::swap(&mut self.old_root, &mut self.new_root);
                    return "the roots exchanged";
                }
                8 if other != self.old => {
                    self.old = other;
                    return "another old size";
                }
                9 if other != self.old => {
                    self.old_root = ours.root(other);
                    return "the root of another old size";
                }
                way => match changed(&mut self.path, way, dice) {
                    Some(what) => return what,
                    None => continue,
                },
            }
        }
    }
}

fn checkpoint(dice: &mut Dice, ours: &Ours, out: &mut String) {
    let mut seed = || std::array::from_fn(|_| u8::try_from(dice.below(256)).unwrap());
    let signer = Signer::from_seed(ORIGIN, &seed()).unwrap();
    let stranger = Signer::from_seed(ORIGIN, &seed()).unwrap();
    let size = dice.size_up_to(MOST);
    let of = Checkpoint { origin: ORIGIN.to_owned(), size, root: ours.root(size) };
    let note = of.sign(&signer).unwrap();
    let mut line = |what: &str, note: &[u8], key: &str| {
        let note = hex(note);
        writeln!(
            out,
            "{{\"kind\":\"checkpoint\",\"what\":\"{what}\",\"key\":\"{key}\",\"note\":\"{note}\"}}"
        )
        .unwrap();
    };
    let key = signer.verifier().to_string();
    line("", &note.to_bytes(), &key);
    let mut other = note.clone();
    match dice.below(4) {
        0 => line("the key of somebody else", &note.to_bytes(), &stranger.verifier().to_string()),
        1 => {
            let text = Checkpoint { size: size + 1, ..of }.to_text();
            line("another size", &gradus_proof::Note { text, ..other }.to_bytes(), &key);
        }
        2 => {
            if let Some(signature) = other.signatures.first_mut() {
                let at = usize::try_from(dice.below(64)).unwrap();
                signature.bytes[at] ^= 1 << dice.below(8);
            }
            line("a bit of the signature", &other.to_bytes(), &key);
        }
        _ => {
            let mut bytes = note.to_bytes();
            let at = usize::try_from(dice.below(bytes.len() as u64)).unwrap();
            bytes[at] ^= 1 << dice.below(8);
            line("a bit of the file", &bytes, &key);
        }
    }
}

#[test]
fn proofs_are_written_for_other_languages() {
    let Some(file) = std::env::var_os("GRADUS_PROOFS_TO") else { return };
    let (mut dice, ours, mut out) = (Dice::new(), Ours::of(MOST), String::new());
    for _ in 0..from_environment("GRADUS_PROOFS", PROOFS) {
        let size = dice.size_up_to(MOST);
        let index = dice.below(size);
        let path = ours.prove(&Plan::inclusion(index, size).unwrap());
        let mut claim = Inclusion { leaf: leaf(index), index, size, root: ours.root(size), path };
        out.push_str(&claim.line(""));
        let what = claim.change(&ours, &mut dice);
        out.push_str(&claim.line(what));

        let new = dice.size_up_to(MOST);
        let old = match dice.below(10) {
            0 => new,
            // The largest power of two: its tree is a subtree of the new one.
            1 => 1 << new.ilog2(),
            _ => 1 + dice.below(new),
        };
        let path = ours.prove(&Plan::consistency(old, new).unwrap());
        let (old_root, new_root) = (ours.root(old), ours.root(new));
        let mut claim = Consistency { old, old_root, new, new_root, path };
        out.push_str(&claim.line(""));
        let what = claim.change(&ours, &mut dice);
        out.push_str(&claim.line(what));

        checkpoint(&mut dice, &ours, &mut out);
    }
    std::fs::write(file, out).unwrap();
}
