//! HTTP/2 by hand: frames that no client library would send.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// What a client begins with: the preface, and settings of which none is set.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PING: u8 = 6;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// A frame of the stream 1, or of the connection.
pub(super) fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let stream = u8::from(kind != PING);
    let mut out = vec![length[1], length[2], length[3], kind, flags, 0, 0, 0, stream];
    out.extend_from_slice(payload);
    out
}

/// A name or value in HPACK without Huffman coding (RFC 7541, section 5.2).
fn string(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match u8::try_from(bytes.len()).ok().filter(|length| *length < 127) {
        Some(length) => out.push(length),
        None => {
            out.push(127);
            let mut rest = bytes.len() - 127;
            while rest >= 128 {
                out.push(u8::try_from(rest % 128).unwrap() | 128);
                rest /= 128;
            }
            out.push(u8::try_from(rest).unwrap());
        }
    }
    out.extend_from_slice(bytes);
    out
}

/// Fields of a header block, none of them indexed (section 6.2.2).
pub(super) fn fields(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let field =
        |(name, value): &(&str, &[u8])| [vec![0], string(name.as_bytes()), string(value)].concat();
    fields.iter().flat_map(field).collect()
}

/// The fields of a call.
pub(super) fn call<'a>(path: &'a str, more: &[(&'a str, &'a [u8])]) -> Vec<u8> {
    let mut all: Vec<(&str, &[u8])> = vec![
        (":method", b"POST"),
        (":scheme", b"http"),
        (":path", path.as_bytes()),
        (":authority", b"localhost"),
        ("content-type", b"application/grpc"),
        ("te", b"trailers"),
    ];
    all.extend_from_slice(more);
    fields(&all)
}

/// Reads until the other side closes; what it sent.
pub(super) async fn ended(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut all = Vec::new();
    // A reset is an end, too.
    let _ = stream.read_to_end(&mut all).await;
    all
}

/// Reads frames until one is of this kind; its flags and payload, none at the end.
pub(super) async fn next_of(
    stream: &mut (impl AsyncRead + Unpin),
    kinds: &[u8],
) -> Option<(u8, u8, Vec<u8>)> {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut payload).await.ok()?;
        if kinds.contains(&head[3]) {
            return Some((head[3], head[4], payload));
        }
    }
}
