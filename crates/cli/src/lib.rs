//! The command line gradus: a client of the API, and serve.
