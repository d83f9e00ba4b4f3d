//! `gradus erase`, `gradus retention` and `gradus hold`.

use clap::{Args, Subcommand, ValueEnum};
use gradus_model::Digest;
use gradus_model::payload::Class;
use gradus_wire::v1;

use super::append::{AppendArgs, ConfirmArgs};
use super::words::words;

/// Which texts to erase.
#[derive(Debug, Subcommand)]
pub enum EraseCommand {
    /// Erase the texts about a person, or those that they wrote, in all units that you administer
    #[command(after_help = "Examples:
  gradus erase person ann --reason \"asked for on 2026-05-02\" --plan
  gradus erase person ann --texts all --project theta --reason \"asked for\" --yes

About a person are items that say so with what was said of them, their name, and why they
were given or denied something. A text that names them without its record saying so is found by
`gradus erase words`. Leaves, levels and proofs stay; nothing brings the texts back.")]
    Person(PersonArgs),
    /// Erase the texts that have some words in them, in all units that you administer
    #[command(
        after_help = "Example: gradus erase words \"Ann Example\" --reason \"asked for\" --plan

Texts that you may not read are not searched; how many there are is told."
    )]
    Words(WordsArgs),
    /// Put an item forward again without some of its texts, and erase those it had
    #[command(after_help = "Example: gradus erase field ID --project theta --field note \\
    --field attribute.author --reason \"names a person\"

The new item takes the place of the old one from now on, and waits for a review where the rules ask
for one; what was true until now stays.")]
    Field(FieldArgs),
    /// Erase attachments of a unit, whatever items of it name them
    #[command(after_help = "Example: gradus erase attachment 6c62…9bb0 --project theta \\
    --reason \"asked for on 2026-05-02\"

The bytes and their key are gone for good; the digest stays in the records that name it, so that whoever
guesses the content can tell. `gradus attachment list` shows digests. Erasing the texts of an item
erases the attachments that no other item of its unit names.")]
    Attachment(ErasedAttachmentArgs),
}

/// Attachments to erase.
#[derive(Debug, Args)]
pub struct ErasedAttachmentArgs {
    /// SHA-256 in hexadecimal, at most 64
    #[arg(value_name = "SHA256", required = true)]
    pub digest: Vec<Digest>,
    /// The unit
    #[arg(long, value_name = "UNIT")]
    pub project: String,
    /// Why, without repeating what is erased
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// Which texts of a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Whose {
    /// What is about them
    #[default]
    About,
    /// What they wrote
    Written,
    /// Both
    All,
}

/// A person whose texts are to be erased.
#[derive(Debug, Args)]
pub struct PersonArgs {
    /// Name or id of the principal
    #[arg(value_name = "NAME")]
    pub person: String,
    /// Which texts
    #[arg(long, value_enum, default_value_t)]
    pub texts: Whose,
    /// How to erase.
    #[command(flatten)]
    pub erasing: ErasingArgs,
}

/// Words by which texts are found that are to be erased.
#[derive(Debug, Args)]
pub struct WordsArgs {
    /// The words, in whatever case, at most 256 bytes
    #[arg(value_name = "TEXT")]
    pub words: String,
    /// How to erase.
    #[command(flatten)]
    pub erasing: ErasingArgs,
}

/// How to erase.
#[derive(Debug, Args)]
pub struct ErasingArgs {
    /// Only in this unit and all below it [default: all that you administer]
    #[arg(long, default_value = "", value_name = "UNIT", hide_default_value = true)]
    pub project: String,
    /// Why, without repeating what is erased
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Record nothing: tell how many records it would be, and which legal holds keep some
    #[arg(long)]
    pub plan: bool,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
}

/// Texts of an item to withhold.
#[derive(Debug, Args)]
pub struct FieldArgs {
    /// The unit
    #[arg(long, value_name = "UNIT")]
    pub project: String,
    /// Id of the item, or source=NAME id=ID
    #[arg(value_name = "ITEM", required = true)]
    pub item: Vec<String>,
    /// Text to withhold: title, note, uri or attribute.NAME; may be repeated
    #[arg(long, required = true, value_name = "NAME")]
    pub field: Vec<String>,
    /// Why, without repeating what is withheld
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// What to do with retention rules.
#[derive(Debug, Subcommand)]
pub enum RetentionCommand {
    /// Say for how many days texts of a unit and of all below it are kept
    #[command(after_help = "Examples:
  gradus retention set organization --days 3650 --reason \"our schedule of 2026\"
  gradus retention set theta --days 730 --class confidential --reason \"agreed with the customer\"

Of several rules that of the nearest unit holds, and there one for the class before one for all.
Nothing is erased by this: that does `gradus retention run`, which a timer may call.")]
    Set(SetRetentionArgs),
    /// Remove a retention rule
    #[command(
        after_help = "Example: gradus retention remove theta --reason \"the contract ended\""
    )]
    Remove(RemoveRetentionArgs),
    /// List the retention rules in force
    List,
    /// Erase what the rules no longer keep; what a legal hold keeps stays
    #[command(after_help = "Examples:
  gradus retention run --plan
  gradus retention run --yes

Names, roles, documents and why something was erased are kept whatever the rules say.")]
    Run(RunRetentionArgs),
}

/// A retention rule to set.
#[derive(Debug, Args)]
pub struct SetRetentionArgs {
    /// Name or id of the unit
    pub unit: String,
    /// Days after which texts are to be erased, from when they were recorded
    #[arg(long, value_name = "N")]
    pub days: u32,
    /// Class of the texts [default: every class without a rule of its own]
    #[arg(long, value_name = "CLASS", value_parser = words(Class::ALL, Class::name))]
    pub class: Option<Class>,
    /// Why; erasable
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A retention rule to remove.
#[derive(Debug, Args)]
pub struct RemoveRetentionArgs {
    /// Name or id of the unit
    pub unit: String,
    /// Class that it was set for [default: the rule for every class]
    #[arg(long, value_name = "CLASS", value_parser = words(Class::ALL, Class::name))]
    pub class: Option<Class>,
    /// Why; erasable
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A sweep by the rules.
#[derive(Debug, Args)]
pub struct RunRetentionArgs {
    /// Only in this unit and all below it [default: all that you administer]
    #[arg(long, default_value = "", value_name = "UNIT", hide_default_value = true)]
    pub project: String,
    /// Record nothing: tell how many records it would be
    #[arg(long)]
    pub plan: bool,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
}

/// The class in a request.
#[must_use]
pub fn wire(class: Option<Class>) -> i32 {
    match class {
        None => v1::PayloadClass::Unspecified,
        Some(Class::Ordinary) => v1::PayloadClass::Ordinary,
        Some(Class::Confidential) => v1::PayloadClass::Confidential,
        Some(Class::Unattributed) => v1::PayloadClass::Unattributed,
    }
    .into()
}

/// What to do with legal holds.
#[derive(Debug, Subcommand)]
pub enum HoldCommand {
    /// Keep texts of a unit and of all below it from being erased by anybody
    #[command(after_help = "Examples:
  gradus hold place case-7 theta --reason \"litigation, see the letter of 2026-05-02\"
  gradus hold place case-8 theta --records 12-40 --reason \"the release in question\"

--records are versions of the unit's own stream. What it is called is never erased: name nobody.")]
    Place(PlaceHoldArgs),
    /// Lift a legal hold
    #[command(after_help = "Example: gradus hold lift case-7 --reason \"settled\"")]
    Lift(LiftHoldArgs),
    /// List the legal holds in force, the newest first
    #[command(after_help = "Example: gradus hold list --include-lifted")]
    List(ListHoldsArgs),
}

/// A legal hold to place.
#[derive(Debug, Args)]
pub struct PlaceHoldArgs {
    /// What to call it
    #[arg(value_name = "HOLD")]
    pub hold: String,
    /// Name or id of the unit
    pub unit: String,
    /// Only these records of the unit's stream [default: all of it and of all below it]
    #[arg(long, value_name = "FIRST[-LAST]", value_parser = records)]
    pub records: Option<(u64, u64)>,
    /// Why; erasable once it is lifted
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A legal hold to lift.
#[derive(Debug, Args)]
pub struct LiftHoldArgs {
    /// What it is called
    #[arg(value_name = "HOLD")]
    pub hold: String,
    /// Why; erasable
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// Legal holds to list.
#[derive(Debug, Args)]
pub struct ListHoldsArgs {
    /// List those that were lifted, too
    #[arg(long)]
    pub include_lifted: bool,
}

/// `12`, `12-40` or `12-`: the last is 0 where it is open.
fn records(text: &str) -> Result<(u64, u64), String> {
    let wrong = || format!("`{text}` is no range of records: write FIRST, FIRST-LAST or FIRST-");
    let number = |text: &str| text.parse::<u64>().ok().filter(|number| *number > 0);
    let (first, last) = match text.split_once('-') {
        None => (text, text),
        Some(parts) => parts,
    };
    let first = number(first).ok_or_else(wrong)?;
    let last = if last.is_empty() { 0 } else { number(last).ok_or_else(wrong)? };
    if last != 0 && last < first {
        return Err(wrong());
    }
    Ok((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_records_may_be_open() {
        assert_eq!(records("12"), Ok((12, 12)));
        assert_eq!(records("12-40"), Ok((12, 40)));
        assert_eq!(records("12-"), Ok((12, 0)));
        for wrong in ["", "0", "-4", "9-3", "a", "1-2-3"] {
            assert!(records(wrong).is_err(), "{wrong}");
        }
    }
}
