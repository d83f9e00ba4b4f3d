//! A witness that stands in for one of somebody else: a real socket, and checks of its own that share
//! no code with the server's beyond the hash.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

/// How a witness behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As the protocol says.
    Honest,
    /// It answers each request with this status and nothing else.
    Answers(u16),
    /// It says that it signed so many records.
    Claims(u64),
    /// It signs something else than what it was asked to.
    Forges,
    /// It closes the connection without a word.
    Silent,
}

type Hash = [u8; 32];

/// What a witness remembers, and what it was asked.
pub(crate) struct Memory {
    pub(crate) manner: Manner,
    /// The last checkpoint that it signed: size and root.
    pub(crate) last: (u64, Hash),
    /// The status of each answer.
    pub(crate) answers: Vec<u16>,
}

/// A witness that listens until the test is over.
pub(crate) struct Witness {
    pub(crate) name: String,
    pub(crate) memory: Arc<Mutex<Memory>>,
    pub(crate) address: SocketAddr,
    /// Its verifier key.
    pub(crate) key: String,
}

const NAME: &str = "witness.example";

/// The time that it says: 2026-06-01, 12:00 UTC.
pub(crate) const TIME: u64 = 1_780_315_200;

impl Witness {
    /// One for the log with this verifier key, whatever that is if none is given.
    pub(crate) fn new(name: &str, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seed = digest(&SHA256, name.as_bytes());
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).unwrap();
        let id = key_id(pair.public_key().as_ref());
        let encoded = STANDARD.encode([&[4], pair.public_key().as_ref()].concat());
        let key = format!("{NAME}+{}+{encoded}", hex(&id));
        let memory = Memory { manner, last: (0, [0; 32]), answers: Vec::new() };
        let memory = Arc::new(Mutex::new(memory));
        let (kept, pair) = (Arc::clone(&memory), Arc::new(pair));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (kept, pair) = (Arc::clone(&kept), Arc::clone(&pair));
                std::thread::spawn(move || answer(stream.unwrap(), &kept, &pair));
            }
        });
        Self { name: name.to_owned(), memory, address, key }
    }

    pub(crate) fn behave(&self, manner: Manner) {
        self.memory.lock().unwrap().manner = manner;
    }

    pub(crate) fn last(&self) -> (u64, Hash) {
        self.memory.lock().unwrap().last
    }

    pub(crate) fn answers(&self) -> Vec<u16> {
        self.memory.lock().unwrap().answers.clone()
    }

    /// What the settings say of it.
    pub(crate) fn named(&self) -> gradus_server::settings::Witness {
        let url = format!("http://{}/prefix", self.address);
        gradus_server::settings::Witness { name: self.name.clone(), key: self.key.clone(), url }
    }

    /// Its line in a policy.
    pub(crate) fn line(&self) -> String {
        format!("witness {} {}\n", self.name, self.key)
    }
}

fn key_id(public: &[u8]) -> [u8; 4] {
    let whole = digest(&SHA256, &[NAME.as_bytes(), b"\n", &[4], public].concat());
    whole.as_ref()[..4].try_into().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn answer(stream: TcpStream, memory: &Mutex<Memory>, pair: &Ed25519KeyPair) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line).unwrap();
    if line.is_empty() {
        return;
    }
    let asked = line.clone();
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let header = line.trim_end().to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if header.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut memory = memory.lock().unwrap();
    if memory.manner == Manner::Silent {
        memory.answers.push(0);
        return;
    }
    let (status, said) = if asked.starts_with("POST /prefix/add-checkpoint ") {
        judge(&mut memory, &String::from_utf8(body).unwrap(), pair)
    } else {
        (404, "there is nothing here\n".to_owned())
    };
    memory.answers.push(status);
    let head = format!(
        "HTTP/1.1 {status} Said\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        said.len()
    );
    // Whoever asked may be gone.
    let _ = (&stream).write_all(format!("{head}{said}").as_bytes());
}

/// What the protocol has a witness do.
fn judge(memory: &mut Memory, request: &str, pair: &Ed25519KeyPair) -> (u16, String) {
    let (head, note) = request.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let old: u64 = lines.next().unwrap().strip_prefix("old ").unwrap().parse().unwrap();
    let hash = |text: &str| -> Hash { STANDARD.decode(text).unwrap().try_into().unwrap() };
    let proof: Vec<Hash> = lines.map(hash).collect();
    let text = &note[..=note.find("\n\n").unwrap()];
    let parts: Vec<&str> = text.lines().collect();
    let (size, root): (u64, Hash) = (parts[1].parse().unwrap(), hash(parts[2]));
    let (known, last_root) = memory.last;
    match memory.manner {
        Manner::Answers(status) => return (status, "as it was told\n".to_owned()),
        Manner::Claims(size) => return (409, format!("{size}\n")),
        Manner::Forges => return (200, cosignature("something else\n", pair)),
        Manner::Honest | Manner::Silent => (),
    }
    if old != known {
        return (409, format!("{known}\n"));
    }
    if old > size {
        return (400, String::new());
    }
    if old == size && last_root != root {
        return (409, format!("{known}\n"));
    }
    if old > 0 && !grew(old, last_root, size, root, &proof) {
        return (422, String::new());
    }
    memory.last = (size, root);
    (200, cosignature(text, pair))
}

fn cosignature(text: &str, pair: &Ed25519KeyPair) -> String {
    let message = format!("cosignature/v1\ntime {TIME}\n{text}");
    let signature = pair.sign(message.as_bytes());
    let public = pair.public_key().as_ref();
    let bytes = [&key_id(public)[..], &TIME.to_be_bytes(), signature.as_ref()].concat();
    format!("\u{2014} {NAME} {}\n", STANDARD.encode(bytes))
}

fn node(left: &Hash, right: &Hash) -> Hash {
    digest(&SHA256, &[&[1], &left[..], &right[..]].concat()).as_ref().try_into().unwrap()
}

/// RFC 9162, 2.1.4.2, as it is written there.
fn grew(old: u64, old_root: Hash, new: u64, new_root: Hash, proof: &[Hash]) -> bool {
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    let mut path = proof.to_vec();
    if old.is_power_of_two() {
        path.insert(0, old_root);
    }
    let Some((first, rest)) = path.split_first() else { return false };
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut former, mut latter) = (*first, *first);
    for hash in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            (former, latter) = (node(hash, &former), node(hash, &latter));
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            latter = node(&latter, hash);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    former == old_root && latter == new_root && last == 0
}

/// Whether a witness's cosignature is on a note, judged apart from the server's code.
pub(crate) fn is_cosigned(note: &str, key: &str) -> bool {
    let public = STANDARD.decode(key.splitn(3, '+').nth(2).unwrap()).unwrap()[1..].to_vec();
    let text = &note[..=note.find("\n\n").unwrap()];
    note.lines().filter_map(|line| line.strip_prefix("\u{2014} witness.example ")).any(|encoded| {
        let bytes = STANDARD.decode(encoded).unwrap();
        let time = u64::from_be_bytes(bytes[4..12].try_into().unwrap());
        let message = format!("cosignature/v1\ntime {time}\n{text}");
        bytes[..4] == key_id(&public)
            && UnparsedPublicKey::new(&ED25519, &public)
                .verify(message.as_bytes(), &bytes[12..])
                .is_ok()
    })
}
