//! gRPC: conversions, authentication, status mapping, settings.
