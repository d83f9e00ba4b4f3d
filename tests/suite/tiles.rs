//! The log as static files over HTTP, read by a client of a few lines and checked by the proofs alone.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use gradus_model::Leaf;
use gradus_proof::tiles::{Kind, Tiles, VerifiedTiles};
use gradus_proof::{Checkpoint, Note, Tile, TileError, VerifierKey};
use gradus_server::settings::Settings;
use gradus_wire::v1 as wire;
use prost::Message as _;

use crate::running::{System, item, submit};

/// An answer of HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.unwrap_or_default()
    }
}

fn ask(address: SocketAddr, request: &str, token: Option<&str>) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    let bearer = token.map_or(String::new(), |token| format!("Authorization: Bearer {token}\r\n"));
    let head = format!("{request} HTTP/1.1\r\nHost: log\r\nConnection: close\r\n{bearer}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut whole = Vec::new();
    stream.read_to_end(&mut whole).unwrap();
    let end = whole.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let headers = String::from_utf8(whole[..end].to_vec()).unwrap().replace("\r\n", "\n");
    let status = headers.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, headers, body: whole[end + 4..].to_vec() }
}

pub(crate) async fn get(address: SocketAddr, path: &str, token: Option<&str>) -> Answer {
    let (request, token) = (format!("GET {path}"), token.map(str::to_owned));
    let asked = move || ask(address, &request, token.as_deref());
    tokio::task::spawn_blocking(asked).await.unwrap()
}

/// Settings of a server that serves tiles.
pub(crate) fn with_tiles(settings: &mut Settings) {
    settings.tiles_address = Some("127.0.0.1:0".parse().unwrap());
}

/// A server that serves tiles, with more records than a tile has room for.
async fn serving() -> (System, String) {
    let system = System::with_settings(tempfile::tempdir().unwrap(), with_tiles).await;
    system.project("alpha").await;
    for some in 0..3 {
        let items = (0..100).map(|number| item(&format!("{some}-{number}"))).collect();
        let append = wire::AppendOptions { await_checkpoint: true, ..Default::default() };
        let asked = wire::SubmitEvidenceRequest { append: Some(append), ..submit("alpha", items) };
        system.operator.evidence.clone().submit_evidence(asked).await.unwrap();
    }
    let token = std::fs::read_to_string(system.data().join("admin.token")).unwrap();
    (system, token.trim().to_owned())
}

/// Reads tiles over HTTP, and changes a bit of one if it is to.
struct Reader {
    address: SocketAddr,
    token: String,
    changed: Option<(Tile, usize)>,
}

impl Tiles for &Reader {
    type Error = TileError;

    fn read(&self, tile: Tile) -> Result<Vec<u8>, TileError> {
        let answer = ask(self.address, &format!("GET /{tile}"), Some(&self.token));
        assert_eq!(answer.status, 200, "{tile}: {answer:?}");
        let mut bytes = answer.body;
        if let Some((_, at)) = self.changed.filter(|(changed, _)| *changed == tile) {
            let at = at % bytes.len();
            bytes[at] ^= 1;
        }
        Ok(bytes)
    }
}

/// Every leaf of the log.
fn walked(reader: &Reader, checkpoint: &Checkpoint) -> Result<Vec<Vec<u8>>, TileError> {
    let tiles = VerifiedTiles::open(checkpoint.size, &checkpoint.root, reader)?;
    let mut leaves = Vec::new();
    for bundle in Tile::grown_at(Kind::Entries, 0, checkpoint.size) {
        leaves.extend(tiles.entries(bundle)?);
    }
    Ok(leaves)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_log_is_read_from_tiles_and_each_change_is_found() {
    let (system, token) = serving().await;
    let address = system.tiles_address();
    let told = get(address, "/checkpoint", Some(&token)).await;
    assert_eq!((told.status, told.header("content-type")), (200, "text/plain; charset=utf-8"));
    let asked = wire::GetCheckpointRequest::default();
    let key = system.operator.proofs.clone().get_checkpoint(asked).await.unwrap().into_inner().key;
    let key: VerifierKey = key.parse().unwrap();
    let checkpoint = Checkpoint::open(&Note::parse(&told.body).unwrap(), &key).unwrap();
    assert!(checkpoint.size > 300);
    let walk = move || {
        let mut reader = Reader { address, token, changed: None };
        let leaves = walked(&reader, &checkpoint).unwrap();
        assert_eq!(leaves.len() as u64, checkpoint.size);
        for (position, leaf) in (0..).zip(&leaves) {
            assert_eq!(Leaf::read(leaf).unwrap().place.position, position);
        }
        let mut tiles: Vec<Tile> = Tile::grown(0, checkpoint.size).collect();
        tiles.extend(Tile::grown_at(Kind::Entries, 0, checkpoint.size));
        for tile in tiles {
            for at in [0, 1, 17, 1_000, 5_000] {
                reader.changed = Some((tile, at));
                walked(&reader, &checkpoint).unwrap_err();
            }
        }
    };
    tokio::task::spawn_blocking(walk).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn hashes_are_for_who_proves_anything_and_entries_for_who_proves_everything() {
    let (system, admin) = serving().await;
    let address = system.tiles_address();
    let person = wire::PrincipalKind::Person;
    let mut tokens = Vec::new();
    for (name, role, unit) in [
        ("olga", wire::Role::Auditor, "alpha"),
        ("otto", wire::Role::Auditor, "organization"),
        ("vera", wire::Role::Viewer, "organization"),
    ] {
        system.with_role(name, person, (role, unit)).await;
        tokens.push(system.issue(name).await);
    }
    let mut seen = Vec::new();
    for path in ["/checkpoint", "/tile/0/000", "/tile/1/000.p/1", "/tile/entries/000"] {
        let mut row = Vec::new();
        for token in [&admin, &tokens[0], &tokens[1], &tokens[2]] {
            row.push(get(address, path, Some(token)).await.status);
        }
        row.push(get(address, path, Some("gradus_wrong")).await.status);
        row.push(get(address, path, None).await.status);
        seen.push(row);
    }
    let hashes = vec![200, 200, 200, 403, 401, 401];
    let entries = vec![200, 403, 200, 403, 401, 401];
    assert_eq!(seen, [hashes.clone(), hashes.clone(), hashes, entries]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_changes_may_be_kept_and_what_is_not_there_is_not_found() {
    let (system, token) = serving().await;
    let (address, token) = (system.tiles_address(), Some(token.as_str()));
    let full = get(address, "/tile/0/000", token).await;
    assert_eq!(full.header("cache-control"), "private, max-age=31536000, immutable");
    assert_eq!(full.header("content-type"), "application/octet-stream");
    assert_eq!(full.body.len(), 256 * 32);
    for path in ["/tile/0/001.p/40", "/tile/entries/001.p/40", "/checkpoint"] {
        let partial = get(address, path, token).await;
        assert_eq!((partial.status, partial.header("cache-control")), (200, "private, no-cache"));
    }
    let begun = get(address, "/tile/0/000.p/5", token).await;
    assert_eq!(begun.body, full.body[..5 * 32], "a width that it had is there still");
    for path in [
        "/",
        "/tile",
        "/tile/0/001",
        "/tile/0/002.p/1",
        "/tile/2/000.p/1",
        "/tile/0/000.p/256",
        "/tile/0/000.p/0",
        "/tile/0/0",
        "/tile/0/x000/000",
        "/tile/64/000",
        "/tile/entries/001",
        "/tile/../tile/0/000",
        "/checkpoint/",
        "//checkpoint",
        "//tile/0/000",
        "/admin.token",
    ] {
        assert_eq!(get(address, path, token).await.status, 404, "{path}");
    }
    let owned = token.unwrap().to_owned();
    let asked = move |request: &str| ask(address, request, Some(&owned));
    let (head, post) =
        tokio::task::spawn_blocking(move || (asked("HEAD /tile/0/000"), asked("POST /tile/0/000")))
            .await
            .unwrap();
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, "8192", 0));
    assert_eq!((post.status, post.header("allow")), (405, "GET, HEAD"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tile_that_an_auditor_reads_is_one_of_their_questions() {
    let (system, _) = serving().await;
    let of = (wire::Role::Auditor, "organization");
    let ada = system.with_role("ada", wire::PrincipalKind::Person, of).await;
    let token = system.issue("ada").await;
    assert_eq!(get(system.tiles_address(), "/tile/0/000", Some(&token)).await.status, 200);
    let asked = wire::ReadQueriesRequest { engagement: 1, ..Default::default() };
    let rows = ada.audit.clone().read_queries(asked).await.unwrap().into_inner().rows;
    assert_eq!(rows[0].method, "ProofService/ReadTile");
    let read = wire::ReadTileRequest { path: "tile/0/000".to_owned() };
    assert_eq!(rows[0].request, read.encode_to_vec());
}
