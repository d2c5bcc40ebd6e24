//! The content coding gzip (RFC 9110, section 8.4): negotiation, compression of responses, bounded decompression of
//! request bodies.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};

/// The name of the coding.
pub const GZIP: &str = "gzip";

/// What the error for another coding says: the codings to send instead.
pub const SUPPORTED: &str = "send the body unencoded or as gzip";

/// The highest weight, in thousandths.
const WEIGHT_MAX: u16 = 1000;

/// Why a gzip body cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum GunzipError {
    /// The decoded body exceeds the limit.
    #[error("the decoded body is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body is not gzip, damaged or cut off.
    #[error("the body is not valid gzip: {0}")]
    Invalid(#[source] std::io::Error),
}

/// The coding of a request body that the server cannot decode, as in `Content-Encoding`; `None` for gzip and for none.
#[must_use]
pub fn unsupported_coding(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_ENCODING)?;
    let is_single = headers.get_all(CONTENT_ENCODING).iter().count() == 1;
    if is_single && (is_gzip(value.as_bytes()) || value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity")) {
        return None;
    }
    Some(String::from_utf8_lossy(value.as_bytes()).chars().filter(|c| !c.is_control()).take(100).collect())
}

/// Whether a request body is gzip.
#[must_use]
pub fn is_gzip_encoded(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    values.next().is_some_and(|value| is_gzip(value.as_bytes())) && values.next().is_none()
}

/// `x-gzip` is the same coding (RFC 9110, section 8.4.1.3).
fn is_gzip(name: &[u8]) -> bool {
    let name = name.trim_ascii();
    name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip")
}

/// Whether a client prefers gzip to an unencoded response (RFC 9110, section 12.5.3).
#[must_use]
pub fn prefers_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut any, mut identity) = (None, None, None);
    for value in headers.get_all(ACCEPT_ENCODING) {
        for item in value.as_bytes().split(|byte| *byte == b',') {
            let mut parts = item.split(|byte| *byte == b';');
            let name = parts.next().unwrap_or_default().trim_ascii();
            let weight = parts.find_map(|parameter| weight(parameter.trim_ascii())).unwrap_or(WEIGHT_MAX);
            let slot = match name {
                b"*" => &mut any,
                name if is_gzip(name) => &mut gzip,
                name if name.eq_ignore_ascii_case(b"identity") => &mut identity,
                _ => continue,
            };
            *slot = (*slot).max(Some(weight));
        }
    }
    let gzip = gzip.or(any).unwrap_or(0);
    // Without a weight of its own, an unencoded response is acceptable but not preferred.
    gzip > 0 && gzip >= identity.unwrap_or(0)
}

/// The weight of the parameter `q`, in thousandths. A malformed weight is 0: the client did not ask for the coding.
fn weight(parameter: &[u8]) -> Option<u16> {
    let (name, value) = parameter.split_at_checked(2)?;
    if !name.eq_ignore_ascii_case(b"q=") {
        return None;
    }
    let weight = match value {
        [b'1'] => WEIGHT_MAX,
        [b'1', b'.', zeros @ ..] if zeros.len() <= 3 && zeros.iter().all(|digit| *digit == b'0') => WEIGHT_MAX,
        [b'0', b'.', digits @ ..] if digits.len() <= 3 && digits.iter().all(u8::is_ascii_digit) => {
            let digits = digits.iter().chain([&b'0'; 3]).take(3);
            digits.fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'))
        }
        _ => 0,
    };
    Some(weight)
}

/// Compresses a body. The same bytes give the same result: the header has neither a time nor a file name.
#[must_use]
pub fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    // Writing to memory does not fail.
    let _ = encoder.write_all(body);
    encoder.finish().map_or_else(|_| Bytes::copy_from_slice(body), Bytes::from)
}

/// Decompresses a body, and stops when the result exceeds `limit` bytes, so that a small body cannot take much memory.
///
/// # Errors
/// The body is not valid gzip, or the result is too large.
pub fn gunzip(body: &[u8], limit: usize) -> Result<Bytes, GunzipError> {
    let mut decoded = Vec::with_capacity(body.len().saturating_mul(4).min(limit));
    let mut decoder = MultiGzDecoder::new(body).take(limit as u64 + 1);
    decoder.read_to_end(&mut decoded).map_err(GunzipError::Invalid)?;
    if decoded.len() > limit { Err(GunzipError::TooLarge { limit }) } else { Ok(Bytes::from(decoded)) }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: &http::HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn gzip_is_used_when_the_client_prefers_it() {
        let rows: &[(&[&str], bool)] = &[
            (&[], false),
            (&[""], false),
            (&["gzip"], true),
            (&["GZIP"], true),
            (&["x-gzip"], true),
            (&["gzip, deflate, br"], true),
            (&["br;q=1.0, gzip;q=0.8, *;q=0.1"], true),
            (&["deflate", "gzip"], true),
            (&["*"], true),
            (&["*;q=0"], false),
            (&["gzip;q=0"], false),
            (&["gzip;q=0.000, *"], false),
            (&["gzip; Q=0.001"], true),
            (&["gzip;q=0.5, identity"], false),
            (&["gzip;q=0.5, identity;q=0.5"], true),
            (&["gzip;q=0.5, identity;q=0"], true),
            (&["gzip;q=2"], false),
            (&["gzip;q=0.1234"], false),
            (&["gzip;q="], false),
            (&["gzip;q=1.000"], true),
            (&["gzip;level=9"], true),
            (&["gzippy, identity"], false),
        ];
        for (values, expected) in rows {
            assert_eq!(prefers_gzip(&headers(&ACCEPT_ENCODING, values)), *expected, "{values:?}");
        }
    }

    #[test]
    fn only_gzip_bodies_are_decoded() {
        let rows: &[(&[&str], bool, Option<&str>)] = &[
            (&[], false, None),
            (&["identity"], false, None),
            (&["gzip"], true, None),
            (&[" X-GZIP "], true, None),
            (&["br"], false, Some("br")),
            (&["gzip, gzip"], false, Some("gzip, gzip")),
            (&["gzip", "gzip"], false, Some("gzip")),
        ];
        for (values, is_gzip, unsupported) in rows {
            let headers = headers(&CONTENT_ENCODING, values);
            assert_eq!(is_gzip_encoded(&headers), *is_gzip, "{values:?}");
            assert_eq!(unsupported_coding(&headers).as_deref(), *unsupported, "{values:?}");
        }
    }

    #[test]
    fn compression_is_deterministic_and_reversible() {
        let body = "the same bytes, ".repeat(1000);
        let compressed = gzip(body.as_bytes());
        assert_eq!(compressed, gzip(body.as_bytes()));
        assert_eq!(compressed[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255], "no time, no name, unknown system");
        assert!(compressed.len() < body.len() / 10);
        assert_eq!(gunzip(&compressed, body.len()).unwrap(), body);
    }

    #[test]
    fn decompression_is_bounded() {
        let bomb = gzip(&vec![0; 10_000_000]);
        assert!(bomb.len() < 100_000);
        assert!(matches!(gunzip(&bomb, 1000), Err(GunzipError::TooLarge { limit: 1000 })));
        // Members after the first one count too.
        let two = [gzip(&[1; 600]), gzip(&[1; 600])].concat();
        assert!(matches!(gunzip(&two, 1000), Err(GunzipError::TooLarge { .. })));
        assert_eq!(gunzip(&two, 1200).unwrap().len(), 1200);
        let damaged = [b"not gzip".to_vec(), bomb[..bomb.len() - 9].to_vec(), [&gzip(b"a")[..], b"rest"].concat()];
        for bytes in damaged {
            let error = gunzip(&bytes, 20_000_000).unwrap_err();
            assert!(matches!(error, GunzipError::Invalid(_)), "{error}");
        }
    }
}
