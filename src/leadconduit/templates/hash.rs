//! The helpers that hash.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest;

/// The options of all hash helpers.
pub(super) const OPTIONS: &[&str] = &["salt", "encoding"];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Hash {
    Md4,
    Md5,
    Ripemd160,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Whirlpool,
}

/// The encoding of a hash.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Encoding {
    #[default]
    Hex,
    Base64,
    /// One character per byte.
    Latin1,
}

impl Encoding {
    /// Returns the encoding with a name.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        match name {
            "hex" => Some(Self::Hex),
            "base64" => Some(Self::Base64),
            "latin1" => Some(Self::Latin1),
            _ => None,
        }
    }
}

impl Hash {
    /// Returns the encoded hash of a text.
    pub(super) fn digest(self, text: &str, encoding: Encoding) -> String {
        let bytes: Vec<u8> = match self {
            Self::Md4 => md4::Md4::digest(text).to_vec(),
            Self::Md5 => md5::Md5::digest(text).to_vec(),
            Self::Ripemd160 => ripemd::Ripemd160::digest(text).to_vec(),
            Self::Sha1 => sha1::Sha1::digest(text).to_vec(),
            Self::Sha224 => sha2::Sha224::digest(text).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(text).to_vec(),
            Self::Sha384 => sha2::Sha384::digest(text).to_vec(),
            Self::Sha512 => sha2::Sha512::digest(text).to_vec(),
            Self::Whirlpool => whirlpool::Whirlpool::digest(text).to_vec(),
        };
        match encoding {
            Encoding::Base64 => STANDARD.encode(bytes),
            Encoding::Latin1 => bytes.into_iter().map(char::from).collect(),
            Encoding::Hex => {
                let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
                bytes.into_iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
            }
        }
    }
}
