//! Streams and pages: bulk push with an answer a message, subscriptions, and lists page by page.

mod pages;
mod push;
mod subscribe;
