//! `gradus models`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use gradus_wire::v1::DocumentKind;

use super::append::AppendArgs;
use super::words::{DOCUMENTS, document, words};

/// What to do with held documents.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// List the documents that were published
    #[command(after_help = "Example: gradus models list --kind rules")]
    List(ListArgs),
    /// Show a model's areas and practices
    #[command(after_help = "Example: gradus models show iso-21827-2008")]
    Show(ShowArgs),
    /// Print a document byte for byte
    #[command(after_help = "Example: gradus models get strict --kind rules > strict.toml")]
    Get(GetArgs),
    /// Publish a document; the same again is no error
    #[command(after_help = "Example: gradus models publish our-rules.toml --kind rules")]
    Publish(PublishArgs),
}

/// Documents to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only documents of this sort
    #[arg(long, value_parser = words(DOCUMENTS, document))]
    pub kind: Option<DocumentKind>,
}

/// A model to show.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Id of the model, which means the newest, or its digest
    pub model: String,
}

/// A document to print.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// Id of the document, which means the newest, or its digest
    pub document: String,
    /// Its sort; needed with an id
    #[arg(long, value_parser = words(DOCUMENTS, document))]
    pub kind: Option<DocumentKind>,
}

/// A document to publish.
#[derive(Debug, Args)]
pub struct PublishArgs {
    /// The file, TOML
    pub file: PathBuf,
    /// Its sort
    #[arg(long, value_parser = words(DOCUMENTS, document))]
    pub kind: DocumentKind,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}
