//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), the cipher of texts and attachments.
//!
//! `HChaCha20` makes a key of the first 16 bytes of the nonce; under it the other 8, behind four zero
//! bytes, are the nonce of ChaCha20-Poly1305 (RFC 8439). Most texts have a few hundred bytes, for which
//! `ring` takes 0.4 µs where `chacha20poly1305` takes 1.9, nearly all of them before the first byte.
//!
//! The key made of a nonce serves one text, and is wiped here; the library's own copy of it lies on the
//! stack until something else does.

use chacha20::{R20, hchacha};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey};
use zeroize::Zeroizing;

/// The bytes of a key.
pub(crate) const KEY: usize = 32;
/// The bytes of a nonce.
pub const NONCE: usize = 24;
/// The bytes of a tag.
pub(crate) const TAG: usize = 16;

/// The bytes of a nonce that the key of its text is made of.
const OF_KEY: usize = 16;
/// The bytes of a nonce of RFC 8439.
const SHORT: usize = 12;

/// More than the cipher takes (256 GiB), or bytes that do not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused;

/// Encrypts a text where it is, and tells its tag. A nonce must never serve twice under one key.
pub(crate) fn encrypt(
    key: &[u8; KEY],
    nonce: &[u8; NONCE],
    associated: &[u8],
    text: &mut [u8],
) -> Result<[u8; TAG], Refused> {
    let (key, nonce) = of(key, nonce)?;
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(associated), text);
    tag.ok().and_then(|tag| tag.as_ref().try_into().ok()).ok_or(Refused)
}

/// Decrypts a text where it is; if it is refused, what is there then is no text.
pub(crate) fn decrypt(
    key: &[u8; KEY],
    nonce: &[u8; NONCE],
    associated: &[u8],
    text: &mut [u8],
    tag: [u8; TAG],
) -> Result<(), Refused> {
    let (key, nonce) = of(key, nonce)?;
    let opened =
        key.open_in_place_separate_tag(nonce, Aad::from(associated), Tag::from(tag), text, 0..);
    opened.map(|_| ()).map_err(|_| Refused)
}

fn of(key: &[u8; KEY], nonce: &[u8; NONCE]) -> Result<(LessSafeKey, Nonce), Refused> {
    let (of_key, rest) = nonce.split_first_chunk::<OF_KEY>().ok_or(Refused)?;
    let made: [u8; KEY] = hchacha::<R20>(key.into(), of_key.into()).into();
    let made = Zeroizing::new(made);
    let key = UnboundKey::new(&CHACHA20_POLY1305, &*made).map_err(|_| Refused)?;
    let mut short = [0; SHORT];
    short.split_at_mut(SHORT - rest.len()).1.copy_from_slice(rest);
    Ok((LessSafeKey::new(key), Nonce::assume_unique_for_key(short)))
}

#[cfg(test)]
mod tests {
    use chacha20poly1305::{AeadInOut as _, KeyInit as _, XChaCha20Poly1305, XNonce};
    use gradus_model::ids::hex;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_the_draft_is_encrypted_as_it_says() {
        let key = std::array::from_fn(|at| 0x80 + u8::try_from(at).unwrap());
        let nonce = std::array::from_fn(|at| 0x40 + u8::try_from(at).unwrap());
        let associated = *b"\x50\x51\x52\x53\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7";
        let mut text = *b"Ladies and Gentlemen of the class of '99: If I could offer you \
            only one tip for the future, sunscreen would be it.";
        let plain = text;
        let tag = encrypt(&key, &nonce, &associated, &mut text).unwrap();
        // A.3.1 of draft-irtf-cfrg-xchacha-03.
        assert!(
            hex(&text)
                .starts_with("bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb")
        );
        assert!(hex(&text).ends_with("21f9664c97637da9768812f615c68b13b52e"));
        assert_eq!(hex(&tag), "c0875924c1c7987947deafd8780acf49");
        decrypt(&key, &nonce, &associated, &mut text, tag).unwrap();
        assert_eq!(text, plain);
    }

    proptest! {
        #[test]
        fn texts_are_encrypted_as_another_library_does_and_open_unchanged_alone(
            (key, nonce) in (any::<[u8; KEY]>(), any::<[u8; NONCE]>()),
            associated in prop::collection::vec(any::<u8>(), 0..200),
            plain in prop::collection::vec(any::<u8>(), 0..3_000),
            at in any::<prop::sample::Index>(),
        ) {
            let mut text = plain.clone();
            let mut tag = encrypt(&key, &nonce, &associated, &mut text).unwrap();
            let mut theirs = plain.clone();
            let of_theirs = XChaCha20Poly1305::new(&key.into())
                .encrypt_inout_detached(&XNonce::from(nonce), &associated, theirs.as_mut_slice().into())
                .unwrap();
            prop_assert_eq!((&text, tag), (&theirs, of_theirs.into()));

            let mut opened = text.clone();
            prop_assert_eq!(decrypt(&key, &nonce, &associated, &mut opened, tag), Ok(()));
            prop_assert_eq!(opened, plain);

            let changed = text.iter_mut().chain(&mut tag).nth(at.index(theirs.len() + TAG)).unwrap();
            *changed ^= 1;
            prop_assert_eq!(decrypt(&key, &nonce, &associated, &mut text, tag), Err(Refused));
        }
    }
}
