//! BSON object ids, which sort by time of creation.

use rand::RngExt;

use super::clock::Timestamp;
use super::rng::{Purpose, SeededRng};

/// A BSON object id: twelve bytes, which sort by time of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId([u8; 12]);

impl ObjectId {
    /// Builds an id from a Unix time in seconds, the process part and the counter (its low three bytes).
    #[must_use]
    pub fn new(unix_seconds: i64, process: [u8; 5], counter: u32) -> Self {
        let [s0, s1, s2, s3] = u32::try_from(unix_seconds).unwrap_or(0).to_be_bytes();
        let [p0, p1, p2, p3, p4] = process;
        let [_, c0, c1, c2] = counter.to_be_bytes();
        Self([s0, s1, s2, s3, p0, p1, p2, p3, p4, c0, c1, c2])
    }

    /// Its bytes as a number.
    #[must_use]
    pub fn to_number(self) -> u128 {
        self.0.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
    }

    /// The result of a function of its text, for which nothing is allocated.
    fn with_text<T>(self, function: impl FnOnce(&str) -> T) -> T {
        let mut digits = [0; 24];
        write_hex(&self.0, &mut digits);
        // Digits are UTF-8.
        function(std::str::from_utf8(&digits).unwrap_or_default())
    }

    /// The time of creation in seconds since 1970.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        let [s0, s1, s2, s3, ..] = self.0;
        i64::from(u32::from_be_bytes([s0, s1, s2, s3]))
    }
}

impl std::str::FromStr for ObjectId {
    type Err = InvalidObjectId;

    fn from_str(text: &str) -> Result<Self, InvalidObjectId> {
        if text.len() != 24 {
            return Err(InvalidObjectId);
        }
        let mut bytes = [0; 12];
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            b'A'..=b'F' => Ok(digit - b'A' + 10),
            _ => Err(InvalidObjectId),
        };
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = value(digits[0])? << 4 | value(digits[1])?;
        }
        Ok(Self(bytes))
    }
}

impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

impl serde::Serialize for ObjectId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_text(|text| serializer.serialize_str(text))
    }
}

impl From<ObjectId> for serde_json::Value {
    fn from(id: ObjectId) -> Self {
        Self::String(hex(&id.0))
    }
}

/// The error for text that is not 24 hexadecimal characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id has 24 hexadecimal characters, such as 5fd4371e940df5a34a3888b2")]
pub struct InvalidObjectId;

/// Generates object ids: four bytes of time, five bytes that stand for the process (from the seed), three bytes of a
/// counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdGenerator {
    process: [u8; 5],
    counter: u32,
}

impl IdGenerator {
    /// Creates the generator of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut rng = SeededRng::new(seed, Purpose::Ids);
        // The counter starts low, so that it cannot wrap within one second and break the order.
        Self { process: rng.rng().random(), counter: rng.rng().random_range(0..0x1_0000) }
    }

    /// The state to persist: the process part in hexadecimal, and the counter.
    #[must_use]
    pub fn parts(&self) -> (String, u32) {
        (hex(&self.process), self.counter)
    }

    /// Restores a generator from [`IdGenerator::parts`]; `None` when they are invalid.
    #[must_use]
    pub fn from_parts(process: &str, counter: u32) -> Option<Self> {
        if process.len() != 10 || !process.is_ascii() || counter > 0x00ff_ffff {
            return None;
        }
        let byte = |at: usize| u8::from_str_radix(process.get(at * 2..at * 2 + 2)?, 16).ok();
        Some(Self { process: [byte(0)?, byte(1)?, byte(2)?, byte(3)?, byte(4)?], counter })
    }

    /// Skips ids, which another generator issues.
    pub fn skip(&mut self, count: u32) {
        self.counter = (self.counter + count) & 0x00ff_ffff;
    }

    /// How many ids this generator has issued or skipped since it was like `earlier`.
    #[must_use]
    pub fn issued_since(&self, earlier: &Self) -> u32 {
        self.counter.wrapping_sub(earlier.counter) & 0x00ff_ffff
    }

    /// Whether an id has the process part of this generator.
    #[must_use]
    pub fn is_process_of(&self, id: ObjectId) -> bool {
        id.0[4..9] == self.process
    }

    /// An id that is not lower than those that this generator issues until the end of the second of `now`.
    #[must_use]
    pub fn last_id(&self, now: Timestamp) -> ObjectId {
        ObjectId::new(now.as_second(), self.process, 0x00ff_ffff)
    }

    /// The next object id at the time `now`.
    pub fn next_id(&mut self, now: Timestamp) -> ObjectId {
        let id = ObjectId::new(now.as_second(), self.process, self.counter);
        self.counter = (self.counter + 1) & 0x00ff_ffff;
        id
    }

    /// The next short id (sources, steps and rules inside a flow): six lower-case hexadecimal characters.
    pub fn next_short_id(&mut self) -> String {
        let [_, c0, c1, c2] = self.counter.to_be_bytes();
        self.counter = (self.counter + 1) & 0x00ff_ffff;
        hex(&[c2 ^ self.process[0], c1 ^ self.process[1], c0 ^ self.process[2]])
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = vec![0; bytes.len() * 2];
    write_hex(bytes, &mut digits);
    // Digits are UTF-8.
    String::from_utf8(digits).unwrap_or_default()
}

/// Writes two digits for each byte.
fn write_hex(bytes: &[u8], digits: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let (pairs, _) = digits.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(bytes) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_ids_sort_by_time_of_creation() {
        let mut ids = IdGenerator::new(1);
        let early: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let late: Timestamp = "2026-01-01T00:00:01Z".parse().unwrap();
        let made: Vec<ObjectId> = [early, early, early, late, late].into_iter().map(|now| ids.next_id(now)).collect();
        assert!(made.is_sorted(), "{made:?}");
        let texts: Vec<String> = made.iter().map(ObjectId::to_string).collect();
        assert!(texts.iter().all(|id| id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit())));
        assert!(texts.is_sorted(), "{texts:?}");
        assert_eq!(&texts[0][..8], "6955b900", "the first four bytes are the second of creation");
        assert_eq!(serde_json::json!({"id": made[0]}), serde_json::json!({"id": texts[0]}));
    }

    #[test]
    fn displayed_object_ids_parse_to_the_same_id() {
        let id: ObjectId = "5FD4371e940df5a34a3888b2".parse().unwrap();
        assert_eq!(id.to_string(), "5fd4371e940df5a34a3888b2");
        assert_eq!(id.unix_seconds(), 0x5fd4_371e);
        for invalid in ["", "5fd4371e940df5a34a3888b", "5fd4371e940df5a34a3888b22", "+fd4371e940df5a34a3888b2", "zz"] {
            assert_eq!(invalid.parse::<ObjectId>(), Err(InvalidObjectId), "{invalid}");
        }
    }

    #[test]
    fn a_generator_continues_from_its_parts() {
        let mut ids = IdGenerator::new(3);
        let now = Timestamp::UNIX_EPOCH;
        ids.next_id(now);
        let (process, counter) = ids.parts();
        assert_eq!(IdGenerator::from_parts(&process, counter).unwrap().next_id(now), ids.next_id(now));
        for (process, counter) in [("0011", 1), ("00112233zz", 1), ("0011223344", 0x0100_0000)] {
            assert!(IdGenerator::from_parts(process, counter).is_none(), "{process} {counter}");
        }
    }

    #[test]
    fn short_ids_are_unique() {
        let mut ids = IdGenerator::new(9);
        let made: std::collections::HashSet<String> = (0..1000).map(|_| ids.next_short_id()).collect();
        assert_eq!(made.len(), 1000);
    }
}
