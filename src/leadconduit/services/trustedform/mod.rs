//! TrustedForm: certificates of consent in the world.
//!
//! A certificate is declared in the collection `certificates`, or exists because a lead names it: then it is an ordinary,
//! valid certificate of the last minutes, with values that depend on its id only. Ids that begin with certain digits are
//! those of certificates that cannot be used, see [`certificate::TEST_IDS`].
//!
//! | module | holds |
//! |---|---|
//! | [`api`] | the responses of the service, in the versions that LeadConduit's modules use |
//! | [`certificate`] | certificates, declared or derived |
//!
//! Each module uses only modules below it in this table.

pub mod api;
pub mod certificate;
