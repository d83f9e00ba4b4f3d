//! How git histories become evidence.

#[cfg(test)]
mod facts;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod made_up;
#[cfg(test)]
mod mapping;
#[cfg(test)]
mod steps;
