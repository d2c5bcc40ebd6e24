//! Settings of a server and every limit.
//!
//! | module | holds |
//! |---|---|
//! | [`settings`] | what flags, environment variables and the embedding API set |
//! | [`limits`] | limits that settings can change, and fixed limits of the tool |
//! | [`intercept`] | the HTTPS proxy, and the hosts that it intercepts |
//! | [`allowed_host`] | hosts that outbound calls can reach besides this machine |
//! | [`service_hosts`] | hosts of the services beside LeadConduit |
//! | [`tls`] | where the certificate of HTTPS comes from, and for which hosts |
//!
//! A new setting is a field of [`settings::Settings`] with its default, and a flag in `cli::serve`. A new limit of
//! `cli`, `app` or `server` is a field of [`limits::Limits`] or a constant beside it.

pub mod allowed_host;
pub mod intercept;
pub mod limits;
pub mod service_hosts;
pub mod settings;
pub mod tls;
