//! The client against servers that misbehave on purpose, over TLS, and the program as a user runs it.

#[cfg(test)]
mod apply;
#[cfg(test)]
mod appraisals;
#[cfg(test)]
mod attachments;
mod auditors;
#[cfg(test)]
mod backups;
#[cfg(test)]
mod capsules;
#[cfg(test)]
mod claims;
#[cfg(test)]
mod day;
#[cfg(test)]
mod erasing;
#[cfg(test)]
mod flaky;
#[cfg(test)]
mod handover;
#[cfg(test)]
mod instances;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod keyring;
#[cfg(test)]
mod program;
#[cfg(test)]
mod projections;
#[cfg(test)]
mod prove;
#[cfg(test)]
mod push;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod wording;
