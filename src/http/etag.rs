//! LeadConduit's weak `ETag`.

use std::cell::RefCell;

use http::HeaderValue;

/// The length of a body and its CRC-32. Its text has both in hexadecimal: `W/"21-48c58abe"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ETag {
    length: u64,
    crc32: u32,
}

/// The length of `W/""`, of two numbers in hexadecimal, and of the hyphen between them.
const BYTES_MAX: usize = 4 + 16 + 1 + 8;

impl ETag {
    /// The tag of a body.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        Self { length: body.len() as u64, crc32: crc32fast::hash(body) }
    }

    /// The text of the tag.
    #[must_use]
    pub fn text(self) -> String {
        let (text, length) = self.bytes();
        String::from_utf8_lossy(&text[..length]).into_owned()
    }

    /// The tag as the value of the header. Responses with the same body often follow each other, so that a thread keeps the
    /// last value.
    #[must_use]
    pub fn value(self) -> HeaderValue {
        thread_local! {
            static LAST: RefCell<Option<(ETag, HeaderValue)>> = const { RefCell::new(None) };
        }
        LAST.with_borrow_mut(|last| match last {
            Some((tag, value)) if *tag == self => value.clone(),
            _ => {
                let (text, length) = self.bytes();
                let value = HeaderValue::from_bytes(&text[..length]).unwrap_or(HeaderValue::from_static(""));
                last.insert((self, value)).1.clone()
            }
        })
    }

    /// The text of the tag, and its length.
    fn bytes(self) -> ([u8; BYTES_MAX], usize) {
        let mut text = [0; BYTES_MAX];
        text[..3].copy_from_slice(b"W/\"");
        let mut length = write_hex(&mut text, 3, self.length);
        text[length] = b'-';
        length = write_hex(&mut text, length + 1, self.crc32.into());
        text[length] = b'"';
        (text, length + 1)
    }
}

/// Writes a number in hexadecimal, without leading zeros, and returns where it ends.
fn write_hex(text: &mut [u8; BYTES_MAX], start: usize, mut number: u64) -> usize {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let end = start + (67 - (number | 1).leading_zeros() as usize) / 4;
    let mut position = end;
    while position > start {
        position -= 1;
        text[position] = DIGITS[(number & 0xf) as usize];
        number >>= 4;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_match_those_of_leadconduit() {
        let rows = [
            (r#"{"error":"authentication failed"}"#, r#"W/"21-48c58abe""#),
            (r#"{"error":"misconfigured csrf: check Accept header is set properly"}"#, r#"W/"43-4f285622""#),
            ("[]", r#"W/"2-d4cbb29""#),
        ];
        for (body, tag) in rows {
            assert_eq!(ETag::of(body.as_bytes()).text(), tag);
            for _ in 0..2 {
                assert_eq!(ETag::of(body.as_bytes()).value(), tag);
            }
        }
    }

    #[test]
    fn numbers_have_no_leading_zeros() {
        for (length, crc32) in [(0, 0), (1, 0xf), (0x10, 0x100), (0xfff, u32::MAX), (u64::MAX, 0x1_0000)] {
            let tag = ETag { length, crc32 };
            assert_eq!(tag.text(), format!("W/\"{length:x}-{crc32:x}\""));
            assert!(tag.text().len() <= BYTES_MAX);
        }
    }
}
