//! What may be recorded, and what follows from what was: the rules, from outside.

#[cfg(test)]
mod given;
#[cfg(test)]
mod judged;
#[cfg(test)]
mod made_up;
#[cfg(test)]
mod tale;

// Deciding and evolving.
#[cfg(test)]
mod against;
#[cfg(test)]
mod appraisals;
#[cfg(test)]
mod audits;
#[cfg(test)]
mod batches;
#[cfg(test)]
mod carried;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod claims;
#[cfg(test)]
mod duties;
#[cfg(test)]
mod effects;
#[cfg(test)]
mod erasures;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod log_keys;
#[cfg(test)]
mod ratings;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod units;
mod vouching;

// Reading.
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod corrections;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod difference;
#[cfg(test)]
pub(crate) mod distrusts;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod forecast;
#[cfg(test)]
mod gap;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod in_force;
#[cfg(test)]
mod inherited;
#[cfg(test)]
mod late;
#[cfg(test)]
mod levels;
#[cfg(test)]
mod lift;
#[cfg(test)]
mod missing;
#[cfg(test)]
mod nplf;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod rater;
#[cfg(test)]
mod rollup;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod story;
#[cfg(test)]
mod sufficiency;
#[cfg(test)]
mod taken_back;
#[cfg(test)]
mod trend;

#[cfg(test)]
mod laws;
