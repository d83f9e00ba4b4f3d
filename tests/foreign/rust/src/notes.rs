//! Notes and checkpoints: theirs verify ours, and ours theirs.

use gradus_model::Digest;
use gradus_proof::{Checkpoint, Note, NoteError, Signer, VerifierKey};
use signed_note::{Note as TheirNote, StandardSigner, StandardVerifier, VerifierList};

use crate::log::Dice;

const ORIGIN: &str = "log.example/gradus";

fn checkpoint(dice: &mut Dice) -> Checkpoint {
    let root = std::array::from_fn(|_| u8::try_from(dice.below(256)).unwrap());
    Checkpoint { origin: ORIGIN.to_owned(), size: 1 + dice.below(1 << 40), root: Digest(root) }
}

fn seed(dice: &mut Dice) -> [u8; 32] {
    std::array::from_fn(|_| u8::try_from(dice.below(256)).unwrap())
}

fn accept(note: &[u8], key: &VerifierKey) -> bool {
    let key = StandardVerifier::new(&key.to_string()).unwrap();
    let known = VerifierList::new(vec![Box::new(key)]);
    TheirNote::from_bytes(note).is_ok_and(|note| note.verify(&known).is_ok())
}

#[test]
fn signed_note_accepts_what_we_sign_and_nothing_else() {
    let mut dice = Dice::new();
    for _ in 0..100 {
        let signer = Signer::from_seed(ORIGIN, &seed(&mut dice)).unwrap();
        let written = checkpoint(&mut dice);
        let mut note = written.sign(&signer).unwrap().to_bytes();
        assert!(accept(&note, signer.verifier()));
        let theirs = tlog_tiles::Checkpoint::from_bytes(written.to_text().as_bytes()).unwrap();
        assert_eq!((theirs.origin(), theirs.size()), (ORIGIN, written.size));
        assert_eq!(
            (theirs.hash().0, theirs.to_bytes()),
            (written.root.0, written.to_text().into())
        );
        for _ in 0..20 {
            let at = usize::try_from(dice.below(note.len() as u64)).unwrap();
            let bit = 1 << dice.below(8);
            note[at] ^= bit;
            let ours = Note::parse(&note)
                .map_err(|_| ())
                .and_then(|note| Checkpoint::open(&note, signer.verifier()).map_err(|_| ()));
            assert!(!accept(&note, signer.verifier()), "byte {at}, bit {bit}");
            assert_eq!(ours, Err(()), "byte {at}, bit {bit}");
            note[at] ^= bit;
        }
    }
}

#[test]
fn we_accept_what_signed_note_signs_and_it_signs_as_we_do() {
    let mut dice = Dice::new();
    for _ in 0..100 {
        let seed = seed(&mut dice);
        let signer = Signer::from_seed(ORIGIN, &seed).unwrap();
        let secret = [&[1], seed.as_slice()].concat();
        let secret = gradus_base64(&secret);
        let id = signer.verifier().key_id();
        let theirs = StandardSigner::new(&format!("PRIVATE+KEY+{ORIGIN}+{id:08x}+{secret}"));
        let text = checkpoint(&mut dice).to_text();
        let mut note = TheirNote::new(text.as_bytes(), &[]).unwrap();
        note.add_sigs(&[&theirs.unwrap()]).unwrap();
        let read = Note::parse(&note.to_bytes()).unwrap();
        assert_eq!(signer.verifier().verify(&read), Ok(()));
        assert_eq!(read.signatures, [signer.sign(&text)]);
        let mut other = read;
        other.text.insert(0, 'x');
        let refused = signer.verifier().verify(&other);
        assert!(matches!(refused, Err(NoteError::Forged { .. })));
    }
}

/// Base64 as a verifier key has it: the end of a signature line.
fn gradus_base64(bytes: &[u8]) -> String {
    let (id, rest) = bytes.split_first_chunk::<4>().unwrap();
    let line = gradus_proof::signature_line("k", u32::from_be_bytes(*id), rest);
    line.trim_end().rsplit(' ').next().unwrap().to_owned()
}
