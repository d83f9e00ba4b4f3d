//! Witnesses: they are asked apart from all calls, their signatures come with checkpoints, proofs and
//! capsules, and a log that is not the one they saw is told no more.

use std::path::Path;

use gradus_proof::{Note, Policy, TlogProof, VerifierKey};
use gradus_server::settings::{Settings, Witnesses};
use gradus_wire::v1 as wire;
use tempfile::TempDir;
use tonic::Status;

use crate::machine::Clocks;
use crate::running::{System, copy, item, refusal, submit};
use crate::witness::{Manner, TIME, Witness, is_cosigned};

/// A server whose log these witnesses sign, as soon as it grows.
async fn started(directory: TempDir, witnesses: &[&Witness], quorum: usize) -> System {
    let named = witnesses.iter().map(|witness| witness.named()).collect();
    let clocks = Clocks::at("2026-06-01T12:00:00Z");
    let quorum = Some(quorum).filter(|quorum| *quorum > 0);
    let settings = Witnesses { witness: named, quorum, every_seconds: 0, ..Default::default() };
    let change = |all: &mut Settings| all.witnesses = settings;
    System::start_as(directory, clocks, change).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn witnessed_by(witnesses: &[&Witness], quorum: usize) -> System {
    let system = started(tempfile::tempdir().unwrap(), witnesses, quorum).await;
    system.project("alpha").await;
    system
}

async fn told(system: &System, witnessed: bool) -> Result<wire::GetCheckpointResponse, Status> {
    let asked = wire::GetCheckpointRequest { witnessed, ..Default::default() };
    system.operator.proofs.clone().get_checkpoint(asked).await.map(tonic::Response::into_inner)
}

/// Asks until the answer is the one that is waited for.
async fn until<T>(system: &System, witnessed: bool, wanted: impl Fn(&Answer) -> Option<T>) -> T {
    let asked = async {
        loop {
            if let Some(found) = wanted(&told(system, witnessed).await) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(std::time::Duration::from_secs(30), asked).await;
    let Ok(found) = in_time else { panic!("{:?}", told(system, witnessed).await) };
    found
}

type Answer = Result<wire::GetCheckpointResponse, Status>;

/// The newest checkpoint that enough witnesses signed, once that is all of the log.
async fn all_witnessed(system: &System) -> wire::Checkpoint {
    let size = system.size().await;
    until(system, true, |answer| {
        let checkpoint = answer.as_ref().ok()?.checkpoint.clone()?;
        (checkpoint.log_size >= size).then_some(checkpoint)
    })
    .await
}

/// What the first witness said last, once it is in that state.
async fn state(system: &System, state: wire::WitnessState) -> wire::Witness {
    until(system, false, |answer| {
        let witness = answer.as_ref().ok()?.witnesses.first()?.clone();
        (witness.state() == state).then_some(witness)
    })
    .await
}

/// The refusal of checkpoints, once there is one.
async fn contradicted(system: &System) -> String {
    let refused = until(system, false, |answer| answer.as_ref().err().cloned()).await;
    refusal(&refused)
}

async fn append(system: &System, id: &str) -> wire::Receipt {
    let append = wire::AppendOptions { await_checkpoint: true, ..Default::default() };
    let items = vec![item(id)];
    let asked = wire::SubmitEvidenceRequest { append: Some(append), ..submit("alpha", items) };
    let answer = system.operator.evidence.clone().submit_evidence(asked).await.unwrap();
    answer.into_inner().receipt.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_and_proofs_come_with_the_signatures_of_witnesses() {
    let (one, two) = (Witness::new("one", Manner::Honest), Witness::new("two", Manner::Honest));
    let system = witnessed_by(&[&one, &two], 2).await;
    for id in ["a", "b", "c"] {
        append(&system, id).await;
        let checkpoint = all_witnessed(&system).await;
        for witness in [&one, &two] {
            assert!(is_cosigned(&checkpoint.note, &witness.key), "{}", checkpoint.note);
            assert_eq!(witness.last().0, checkpoint.log_size);
            assert_eq!(witness.last().1.to_vec(), checkpoint.root);
        }
    }
    let size = system.size().await;
    let asked = wire::ProveInclusionRequest { position: size - 1 };
    let answer = system.operator.proofs.clone().prove_inclusion(asked).await.unwrap().into_inner();
    let key = told(&system, false).await.unwrap().key;
    let policy = |quorum: &str| {
        let (one, two) = (one.line(), two.line());
        let text = format!("log {key}\n{one}{two}group both all one two\nquorum {quorum}\n");
        Policy::parse(text.as_bytes()).unwrap()
    };
    let proof = TlogProof::parse(answer.tlog_proof.as_bytes()).unwrap();
    let verdict = proof.verify_by(&answer.leaf, &policy("both")).unwrap();
    let seen: Vec<_> =
        verdict.witnesses.iter().map(|seen| (seen.name.as_str(), seen.time)).collect();
    assert_eq!(seen, [("one", TIME), ("two", TIME)]);
    let states = told(&system, false).await.unwrap().witnesses;
    let names: Vec<_> = states.iter().map(|witness| witness.name.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_is_down_holds_up_neither_appends_nor_the_others() {
    let (up, down) = (Witness::new("up", Manner::Honest), Witness::new("down", Manner::Silent));
    let system = witnessed_by(&[&down, &up], 1).await;
    append(&system, "a").await;
    let checkpoint = all_witnessed(&system).await;
    assert!(is_cosigned(&checkpoint.note, &up.key));
    let failed = state(&system, wire::WitnessState::Failed).await;
    assert_eq!((failed.name.as_str(), failed.log_size), ("down", 0));
    assert!(!failed.problem.is_empty());
    down.behave(Manner::Honest);
    state(&system, wire::WitnessState::Signed).await;
    assert!(down.last().0 > 0, "it is asked again after a while");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_enough_witnesses_no_checkpoint_is_told_as_witnessed() {
    let (up, down) =
        (Witness::new("up", Manner::Honest), Witness::new("down", Manner::Answers(404)));
    let system = witnessed_by(&[&down, &up], 2).await;
    let failed = state(&system, wire::WitnessState::Failed).await;
    assert_eq!(
        failed.problem,
        "it does not know this log: tell its operator the key of gradus checkpoint (status 404: as it \
         was told)"
    );
    let refused = refusal(&told(&system, true).await.unwrap_err());
    assert!(refused.starts_with("FailedPrecondition NOT_WITNESSED: "), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_remembers_the_log_from_before_a_restart_goes_on_from_there() {
    let witness = Witness::new("one", Manner::Honest);
    let system = witnessed_by(&[&witness], 1).await;
    append(&system, "a").await;
    let before = all_witnessed(&system).await;
    let directory = system.stopped().await;
    let system = started(directory, &[&witness], 1).await;
    // What was signed before is there at once.
    let now = told(&system, true).await.unwrap().checkpoint.unwrap();
    assert!(now.log_size >= before.log_size && is_cosigned(&now.note, &witness.key));
    append(&system, "b").await;
    let after = all_witnessed(&system).await;
    assert!(after.log_size > before.log_size);
    assert!(witness.answers().contains(&409), "{:?}", witness.answers());
    assert!(!witness.answers().contains(&422), "{:?}", witness.answers());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_signs_something_else_is_not_believed() {
    let witness = Witness::new("one", Manner::Forges);
    let system = witnessed_by(&[&witness], 1).await;
    let failed = state(&system, wire::WitnessState::Failed).await;
    assert!(failed.problem.starts_with("its signature is none: "), "{}", failed.problem);
    let newest = told(&system, false).await.unwrap().checkpoint.unwrap();
    assert!(!is_cosigned(&newest.note, &witness.key));
    let note = Note::parse(newest.note.as_bytes()).unwrap();
    assert_eq!(note.signatures.len(), 1, "what it sent is nowhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_has_signed_more_than_there_is_stops_checkpoints_and_not_appends() {
    let witness = Witness::new("one", Manner::Claims(1_000_000));
    let system = witnessed_by(&[&witness], 1).await;
    let refused = contradicted(&system).await;
    assert!(
        refused.starts_with(
            "FailedPrecondition LOG_CONTRADICTED: witness `one` has signed a checkpoint of 1000000 \
             records of this log, and it has "
        ),
        "{refused}"
    );
    let receipt = append(&system, "a").await;
    assert_eq!((receipt.events.len(), receipt.checkpoint.as_str()), (1, ""));
    let proofs = || system.operator.proofs.clone();
    let growth = proofs().prove_consistency(wire::ProveConsistencyRequest::default()).await;
    let record = proofs().prove_inclusion(wire::ProveInclusionRequest { position: 0 }).await;
    let capsule = wire::CreateCapsuleRequest { all: true, ..Default::default() };
    let capsule = proofs().create_capsule(capsule).await;
    for refused in [growth.unwrap_err(), record.unwrap_err(), capsule.unwrap_err()] {
        assert!(refusal(&refused).contains("LOG_CONTRADICTED"), "{refused}");
    }
    // It was at fault, and is asked again after a while.
    witness.behave(Manner::Honest);
    all_witnessed(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_witness_denied_is_denied_after_a_restart_until_it_signs_again() {
    let witness = Witness::new("one", Manner::Claims(1_000_000));
    let system = witnessed_by(&[&witness], 1).await;
    let before = contradicted(&system).await;
    // Nobody can ask it for now, and nothing it said is taken back by that.
    witness.behave(Manner::Silent);
    let directory = system.stopped().await;
    let system = started(directory, &[&witness], 1).await;
    let now = refusal(&told(&system, false).await.unwrap_err());
    let said = |refused: &str| refused.split(" of this log").next().unwrap().to_owned();
    assert_eq!(said(&now), said(&before));
    witness.behave(Manner::Honest);
    append(&system, "a").await;
    all_witnessed(&system).await;
    let kept = system.data().join("contradicted");
    until(&system, true, |_| (!kept.exists()).then_some(())).await;
    let directory = system.stopped().await;
    let system = started(directory, &[&witness], 1).await;
    assert!(told(&system, false).await.is_ok());

    let directory = system.stopped().await;
    std::fs::write(directory.path().join("data").join("contradicted"), "not so").unwrap();
    let named = Witnesses { witness: vec![witness.named()], ..Default::default() };
    let change = |all: &mut Settings| all.witnesses = named;
    let clocks = Clocks::at("2026-06-01T12:00:00Z");
    let refused = System::start_as(directory, clocks, change).await.err().unwrap().to_string();
    assert!(refused.contains("does not say any more which of them"), "{refused}");
}

/// Runs a log that a witness signs, has somebody with its key and its disk write another past, and
/// tells what the server says of itself then.
async fn rewritten(before: &[&str], after: &[&str]) -> String {
    let witness = Witness::new("one", Manner::Honest);
    let system = witnessed_by(&[], 0).await;
    let directory = system.stopped().await;
    let copied = tempfile::tempdir().unwrap();
    copy(&directory.path().join("data"), &copied.path().join("data"));
    let system = started(directory, &[&witness], 1).await;
    let key = key(&system).await;
    for id in before {
        append(&system, id).await;
    }
    let seen = all_witnessed(&system).await;
    system.stopped().await;
    // Another past, signed by the same key; nothing in the directory tells of the first one.
    let system = started(copied, &[], 0).await;
    for id in after {
        append(&system, id).await;
    }
    assert_eq!(key, self::key(&system).await);
    let copied = system.stopped().await;
    forget(&copied.path().join("data"));
    let system = started(copied, &[&witness], 1).await;
    let refused = contradicted(&system).await;
    let size = seen.log_size;
    assert!(refused.contains(&format!("has signed a checkpoint of {size} records")), "{refused}");
    assert_eq!(witness.last().0, size, "it signs nothing of the other log");
    refused
}

/// Takes away what a start would be held against.
fn forget(data: &Path) {
    std::fs::remove_dir_all(data.join("checkpoints")).unwrap();
}

async fn key(system: &System) -> VerifierKey {
    told(system, false).await.unwrap().key.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_rewritten_and_signed_again_is_caught_by_a_witness() {
    for (before, after, then) in [
        // Longer, as long and shorter than what was witnessed.
        (vec!["a", "b"], vec!["x", "y", "z"], "records of this log with another root than "),
        (vec!["a", "b"], vec!["x", "y"], "records of this log with another root than "),
        (vec!["a", "b", "c"], vec!["x"], "records of this log, and it has "),
    ] {
        let refused = Box::pin(rewritten(&before, &after)).await;
        assert!(refused.contains(then), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_signature_of_a_witness_on_another_past_does_not_start() {
    let witness = Witness::new("one", Manner::Honest);
    let fork = witnessed_by(&[], 0).await.stopped().await;
    let directory = tempfile::tempdir().unwrap();
    copy(&fork.path().join("data"), &directory.path().join("data"));
    let system = started(directory, &[&witness], 1).await;
    append(&system, "a").await;
    let seen = all_witnessed(&system).await;
    let directory = system.stopped().await;
    let system = started(fork, &[], 0).await;
    for id in ["x", "y", "z"] {
        append(&system, id).await;
    }
    let fork = system.stopped().await;
    // What lies there of its own is later than what the witness signed.
    let name = format!("data/checkpoints/{:020}", seen.log_size);
    std::fs::copy(directory.path().join(&name), fork.path().join(&name)).unwrap();
    let named = Witnesses { witness: vec![witness.named()], ..Default::default() };
    let change = |all: &mut Settings| all.witnesses = named;
    let clocks = Clocks::at("2026-06-01T12:00:00Z");
    let refused = System::start_as(fork, clocks, change).await.err().unwrap().to_string();
    let size = seen.log_size;
    assert!(
        refused.contains(&format!("says that the log had {size} records with root ")),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capsule_takes_a_checkpoint_that_witnesses_signed() {
    let witness = Witness::new("one", Manner::Honest);
    let system = witnessed_by(&[&witness], 1).await;
    append(&system, "a").await;
    all_witnessed(&system).await;
    let asked =
        wire::CreateCapsuleRequest { units: vec!["alpha".to_owned()], ..Default::default() };
    let mut pieces =
        system.operator.proofs.clone().create_capsule(asked).await.unwrap().into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.message().await.unwrap() {
        bytes.extend(piece.content);
    }
    let text = format!("log {}\n{}quorum one\n", key(&system).await, witness.line());
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let trust = gradus_service::capsule::Trust { keys: &[], policy: Some(&policy) };
    let verified = gradus_service::capsule::verify(&bytes, &trust).unwrap();
    let names: Vec<_> =
        verified.proved.iter().map(gradus_service::capsule::Finding::name).collect();
    assert!(names.contains(&"witnesses"), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_witnesses_that_cannot_be_used_do_not_start() {
    let witness = Witness::new("one", Manner::Honest);
    let started = async |change: &dyn Fn(&mut Witnesses)| {
        let mut witnesses = Witnesses { witness: vec![witness.named()], ..Default::default() };
        change(&mut witnesses);
        let clocks = Clocks::at("2026-06-01T12:00:00Z");
        let directory = tempfile::tempdir().unwrap();
        let change = |all: &mut Settings| all.witnesses = witnesses;
        match System::start_as(directory, clocks, change).await {
            Ok(_) => "it started".to_owned(),
            Err(error) => error.to_string(),
        }
    };
    let far = |all: &mut Witnesses| all.witness[0].url = "http://witness.example".to_owned();
    assert_eq!(started(&far).await, "`witnesses`: `one`: the address has to begin with https://");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy");
    let other = gradus_proof::Signer::from_seed("other", &[1; 32]).unwrap();
    let (log, line) = (other.verifier(), witness.line().trim_end().to_owned());
    std::fs::write(&path, format!("log {log}\n{line} http://127.0.0.1:1\nquorum one\n")).unwrap();
    let by_file = |all: &mut Witnesses| {
        *all = Witnesses { policy: Some(path.clone()), ..Default::default() };
    };
    let refused = started(&by_file).await;
    assert!(
        refused.contains("the policy lists logs, and not this one: add `log gradus/"),
        "{refused}"
    );
    std::fs::write(&path, format!("{line} http://127.0.0.1:1\nquorum none\n")).unwrap();
    let refused = started(&by_file).await;
    assert!(refused.contains("it has `quorum none`"), "{refused}");
}
