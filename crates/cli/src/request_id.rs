//! Request ids, drawn here so that a call that is sent again is the same call.

use gradus_model::RequestId;

use crate::error::CliError;

/// Draws a request id: a random UUID.
pub fn draw() -> Result<String, CliError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)?;
    // Version 4, variant 1 of RFC 9562.
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = *version & 0x0f | 0x40;
    *variant = *variant & 0x3f | 0x80;
    Ok(RequestId(bytes).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ids_differ_and_are_read_as_request_ids() {
        let (one, other) = (draw().unwrap(), draw().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.parse::<RequestId>().unwrap().to_string(), one);
    }

    #[test]
    fn an_id_is_a_random_uuid() {
        for _ in 0..64 {
            let id = draw().unwrap();
            assert!(
                id[14..].starts_with('4') && id[19..].starts_with(['8', '9', 'a', 'b']),
                "{id}"
            );
        }
    }
}
