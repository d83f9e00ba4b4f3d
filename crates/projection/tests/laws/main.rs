//! The laws of reading: what any read model answers is what a naive fold of the log answers.

// The histories.
#[cfg(test)]
mod dice;
#[cfg(test)]
mod made_up;
#[cfg(test)]
mod world;

// The answers.
#[cfg(test)]
mod law;
#[cfg(test)]
mod oracle;

#[cfg(test)]
mod appraised;
#[cfg(test)]
mod as_of;
#[cfg(test)]
mod courses;
#[cfg(test)]
mod index;
#[cfg(test)]
mod parameters;
#[cfg(test)]
mod state_digests;
#[cfg(test)]
mod walk;
