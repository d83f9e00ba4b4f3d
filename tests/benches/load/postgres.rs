//! PostgreSQL as an event store with the same promise: a function that checks the stream's version
//! and appends, committed synchronously.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::{Client, NoTls, Statement};

use crate::items::submission;
use crate::process::{Server, free_address};

/// As many as calls are in flight at most.
const CONNECTIONS: usize = 64;
/// Streams take turns by an advisory lock, as is usual for stores of this sort.
const SCHEMA: &str = "
create table events (
    position bigint generated always as identity primary key,
    stream text not null, version bigint not null, data bytea not null,
    unique (stream, version)
);
create function append(of text, expected bigint, added bytea[]) returns bigint
language plpgsql as $$
declare last bigint;
begin
    perform pg_advisory_xact_lock(hashtext(of));
    select coalesce(max(version), 0) into last from events where stream = of;
    if expected is not null and expected <> last then
        raise exception 'stream % is at version %', of, last;
    end if;
    insert into events (stream, version, data)
        select of, last + number, one from unnest(added) with ordinality as given (one, number);
    return last + array_length(added, 1);
end $$;";

/// One connection.
pub(crate) struct Lane {
    client: Client,
    append: Statement,
}

impl Lane {
    /// Appends the events of a call; resolves once they are committed.
    pub(crate) async fn append(&self, number: u64, events: u64) {
        let asked = submission(number, events);
        let data: Vec<Vec<u8>> = asked.items.iter().map(prost::Message::encode_to_vec).collect();
        let row = self.client.query_one(&self.append, &[&asked.unit, &data]).await;
        row.expect("events are taken in");
    }
}

fn program(name: &str) -> PathBuf {
    std::env::var_os("GRADUS_POSTGRES").map_or_else(|| name.into(), |at| Path::new(&at).join(name))
}

/// A command that runs as the user `postgres` where we are root, whom PostgreSQL refuses.
fn command(name: &str, root: bool) -> Command {
    let program = program(name);
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

/// Makes a cluster in a folder and starts it.
pub(crate) fn start(folder: &Path) -> Result<Server, String> {
    let said = |error: std::io::Error| format!("PostgreSQL does not run: {error}");
    let id = Command::new("id").arg("-u").output().map_err(said)?;
    let root = id.stdout.starts_with(b"0\n");
    if root {
        let opened = folder.ancestors().take_while(|above| above.starts_with(std::env::temp_dir()));
        for folder in opened.filter(|folder| *folder != std::env::temp_dir()) {
            let _ = Command::new("chmod").arg("a+x").arg(folder).status();
        }
        let given = Command::new("chown").arg("postgres").arg(folder).status().map_err(said)?;
        given.success().then_some(()).ok_or("the user `postgres` is not there")?;
    }
    let cluster = folder.join("cluster");
    let mut initdb = command("initdb", root);
    initdb.args(["--auth=trust", "--username=postgres", "--pgdata"]).arg(&cluster);
    let made = initdb.stdout(Stdio::null()).stderr(Stdio::null()).status().map_err(said)?;
    made.success().then_some(()).ok_or("initdb failed")?;
    let address = free_address();
    let mut postgres = command("postgres", root);
    postgres
        .arg("-D")
        .arg(&cluster)
        .args(["-h", "127.0.0.1", "-p"])
        .arg(address.port().to_string());
    postgres.arg("-k").arg(&cluster);
    for setting in ["synchronous_commit=on", "fsync=on", "shared_buffers=1GB", "max_wal_size=4GB"] {
        postgres.args(["-c", setting]);
    }
    let child = postgres.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(said)?;
    Server::other(child, address)
}

/// Makes the schema and connects.
pub(crate) async fn lanes(server: &Server) -> Result<Vec<Arc<Lane>>, String> {
    let mut lanes = Vec::new();
    for number in 0..CONNECTIONS {
        let client = client(server.address).await?;
        if number == 0 {
            client.batch_execute(SCHEMA).await.map_err(|error| error.to_string())?;
        }
        let append = client.prepare("select append($1, null, $2)").await;
        let append = append.map_err(|error| error.to_string())?;
        lanes.push(Arc::new(Lane { client, append }));
    }
    Ok(lanes)
}

async fn client(address: SocketAddr) -> Result<Client, String> {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(address.port()).user("postgres").dbname("postgres");
    let mut tries = 0;
    loop {
        match config.connect(NoTls).await {
            Ok((client, connection)) => {
                tokio::spawn(connection);
                return Ok(client);
            }
            // It listens before it answers.
            Err(_) if tries < 100 => tries += 1,
            Err(error) => return Err(error.to_string()),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
