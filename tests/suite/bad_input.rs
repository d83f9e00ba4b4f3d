//! Bad input: a clear error that names field and value, and a log that did not grow.

use std::fmt::Write as _;
use std::pin::Pin;

use expect_test::Expect;
use tonic::{Code, Status};

use crate::running::{System, refusal, without_ids};

/// A call that is made when its row's turn comes.
type Answer = Pin<Box<dyn Future<Output = Result<(), Status>>>>;
/// What is wrong, and the call that is wrong so.
type Row = (&'static str, Answer);

/// A row of a table: what is wrong, a client, its call, and what it is asked.
macro_rules! row {
    ($name:expr, $client:expr, $call:ident, $asked:expr) => {{
        let (mut client, asked) = ($client.clone(), $asked);
        let answer: $crate::bad_input::Answer =
            Box::pin(async move { client.$call(asked).await.map(drop) });
        ($name, answer)
    }};
}

mod documents;
mod items;
mod messages;
mod principals;
mod ratings;
mod reads;
mod reviews;
mod units;
mod units_in_time;

/// Makes each call in turn: all must be refused, and none may record anything.
async fn check(system: &System, rows: Vec<Row>, then: &Expect) {
    let size = system.size().await;
    let mut told = String::new();
    let mut wrong = Vec::new();
    for (name, call) in rows {
        match call.await {
            Ok(()) => wrong.push(format!("{name}: it was not refused")),
            Err(status) if status.code() == Code::Internal => {
                wrong.push(format!("{name}: {}", refusal(&status)));
            }
            Err(status) if status.message().len() > 1_000 => {
                wrong.push(format!("{name}: a message of {} bytes", status.message().len()));
            }
            Err(status) => writeln!(told, "{name} | {}", without_ids(&refusal(&status))).unwrap(),
        }
        let now = system.size().await;
        if now != size {
            wrong.push(format!("{name}: the log grew from {size} to {now}"));
        }
    }
    assert!(wrong.is_empty(), "{told}{wrong:#?}");
    then.assert_eq(&told);
}

/// An id that nothing has.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// The append options of a call that expects a version.
fn expecting(version: u64) -> Option<gradus_wire::v1::AppendOptions> {
    let options = gradus_wire::v1::AppendOptions::default();
    Some(gradus_wire::v1::AppendOptions { expected_version: Some(version), ..options })
}
