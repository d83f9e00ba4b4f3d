//! `gradus doctor`: what is damaged in a directory, and what can be recovered.

use std::path::Path;

use gradus_server::operate::{self, Diagnosis, Finding, Severity};

use crate::args::operate::{DATA, DoctorArgs};
use crate::commands::progress::Progress;
use crate::error::CliError;
use crate::output::json::{Json, object};
use crate::output::sheet::{Cell, Sheet, Tone};
use crate::output::{Output, View};

/// Examines a directory or an archive, or recovers what verifies.
pub async fn run(args: &DoctorArgs, output: Output) -> Result<(), CliError> {
    if let Some(archive) = &args.archive {
        return verify(archive, output);
    }
    let data = args.data.as_deref().unwrap_or(Path::new(DATA));
    match &args.rescue {
        Some(to) => rescue(data, to, output).await,
        None => examine(data, output),
    }
}

fn examine(data: &Path, output: Output) -> Result<(), CliError> {
    let progress = Progress::new(output);
    let diagnosis = operate::examine(data, &|step, done, total| progress.tell(step, done, total));
    progress.end();
    let diagnosis = diagnosis?;
    output.show(&view(data, &diagnosis))?;
    match diagnosis.worst() {
        None | Some(Severity::Note) => {
            output.note(&format!("All is well: {} records verified.", diagnosis.size))
        }
        Some(worst) => {
            let count = |severity| {
                diagnosis.findings.iter().filter(|found| found.severity == severity).count()
            };
            Err(CliError::Unwell {
                lost: count(Severity::Lost),
                damaged: count(Severity::Damaged) + count(Severity::Derived),
                derived_only: worst == Severity::Derived,
            })
        }
    }
}

fn view(data: &Path, diagnosis: &Diagnosis) -> View {
    let mut facts = vec![
        ("directory", data.display().to_string().into()),
        ("records verified", diagnosis.size.to_string().into()),
        ("root", diagnosis.root.to_string().into()),
    ];
    let anchored = diagnosis.anchored.map(|size| size.to_string());
    facts.push(("acknowledged at least", anchored.unwrap_or_default().into()));
    let mut sheets = vec![Sheet::record(facts)];
    let columns = ["severity", "file", "byte", "position", "what", "advice"];
    let mut found = Sheet::new(&columns);
    let mut entries = Vec::new();
    for finding in &diagnosis.findings {
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        found.row(vec![
            severity(finding.severity),
            finding.file.display().to_string().into(),
            number(finding.byte).unwrap_or_default().into(),
            number(finding.position).unwrap_or_default().into(),
            finding.what.clone().into(),
            finding.advice.into(),
        ]);
        entries.push(entry(finding));
    }
    if !entries.is_empty() {
        sheets.push(found);
    }
    let document = object([
        ("directory", data.display().to_string().into()),
        ("size", diagnosis.size.into()),
        ("root", diagnosis.root.to_string().into()),
        ("anchored", diagnosis.anchored.map_or(Json::Null, Json::from)),
        ("worst", diagnosis.worst().map_or(Json::Null, |worst| worst.name().into())),
        ("findings", Json::List(entries)),
    ]);
    View { document: document.without_nulls(), entries: None, sheets }
}

fn severity(severity: Severity) -> Cell {
    let tone = match severity {
        Severity::Lost => Tone::Alarm,
        Severity::Damaged | Severity::Derived => Tone::Notice,
        Severity::Note => Tone::Faint,
    };
    Cell::from(severity.name()).toned(tone)
}

fn entry(finding: &Finding) -> Json {
    object([
        ("severity", finding.severity.name().into()),
        ("file", finding.file.display().to_string().into()),
        ("byte", finding.byte.map_or(Json::Null, Json::from)),
        ("position", finding.position.map_or(Json::Null, Json::from)),
        ("what", finding.what.as_str().into()),
        ("advice", finding.advice.into()),
    ])
    .without_nulls()
}

fn verify(archive: &Path, output: Output) -> Result<(), CliError> {
    let progress = Progress::new(output);
    let manifest = operate::verify(archive, &|step, done, total| progress.tell(step, done, total));
    progress.end();
    let manifest = manifest?;
    output.show(&View {
        document: object([
            ("archive", archive.display().to_string().into()),
            ("log", manifest.log.as_str().into()),
            ("size", manifest.head.size.into()),
            ("root", manifest.head.root.to_string().into()),
            ("documents", (manifest.documents.len() as u64).into()),
        ]),
        entries: None,
        sheets: vec![Sheet::record(vec![
            ("archive", archive.display().to_string().into()),
            ("log", manifest.log.clone().into()),
            ("records verified", manifest.head.size.to_string().into()),
            ("root", manifest.head.root.to_string().into()),
            ("documents verified", manifest.documents.len().to_string().into()),
        ])],
    })
}

async fn rescue(data: &Path, to: &Path, output: Output) -> Result<(), CliError> {
    let progress = Progress::new(output);
    let tell: operate::OnStep<'_> = &|step, done, total| progress.tell(step, done, total);
    let rescued = operate::rescue(data, to, gradus_server::system_clock(), tell).await;
    progress.end();
    let rescued = rescued?;
    let texts = |all: Vec<String>| Json::List(all.into_iter().map(Json::Text).collect());
    let keys: Vec<_> = rescued.lost_keys.iter().map(ToString::to_string).collect();
    let documents: Vec<_> = rescued.lost_documents.iter().map(ToString::to_string).collect();
    let lost = rescued.anchored.map(|anchored| anchored.saturating_sub(rescued.size));
    let state = match rescued.opened {
        Some(size) if size > rescued.size => "can be served; its log says that it was forked",
        Some(_) => "can be served",
        None => "cannot be served before lost keys and documents are put in their place",
    };
    let sheet = Sheet::record(vec![
        ("recovered", rescued.size.to_string().into()),
        ("root", rescued.root.to_string().into()),
        ("lost", lost.map_or_else(|| "unknown".to_owned(), |lost| lost.to_string()).into()),
        ("out of order", rescued.beyond.to_string().into()),
        ("lost keys", keys.join(" ").into()),
        ("lost documents", documents.join(" ").into()),
        ("directory", to.display().to_string().into()),
        ("state", state.into()),
    ]);
    output.show(&View {
        document: object([
            ("directory", to.display().to_string().into()),
            ("recovered", rescued.size.into()),
            ("root", rescued.root.to_string().into()),
            ("lost", lost.map_or(Json::Null, Json::from)),
            ("out_of_order", rescued.beyond.into()),
            ("lost_keys", texts(keys)),
            ("lost_documents", texts(documents)),
            ("size", rescued.opened.map_or(Json::Null, Json::from)),
            ("state", state.into()),
        ])
        .without_nulls(),
        entries: None,
        sheets: vec![sheet],
    })?;
    let whole = lost == Some(0) && rescued.opened.is_some();
    if whole {
        return Ok(());
    }
    let files = rescued.lost_keys.len() + rescued.lost_documents.len();
    let records = lost.unwrap_or(1);
    let lost = usize::try_from(records).unwrap_or(usize::MAX).saturating_add(files);
    Err(CliError::Unwell { lost, damaged: 0, derived_only: false })
}
