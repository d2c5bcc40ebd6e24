//! What a server is started with, and every limit.

pub mod allowed_host;
pub mod settings;
