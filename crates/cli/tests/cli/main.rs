//! The client against a server that misbehaves on purpose.

#[cfg(test)]
mod flaky;
#[cfg(test)]
mod push;
