//! The client against servers that misbehave on purpose, and over TLS.

#[cfg(test)]
mod flaky;
#[cfg(test)]
mod push;
#[cfg(test)]
mod tls;
