//! Parsers of tool formats, and mappings to practices.
