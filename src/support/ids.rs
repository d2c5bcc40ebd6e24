//! Object ids: real BSON ids, so that their order is the order of creation.

use rand::RngExt;

use super::clock::Timestamp;
use super::rng::{Purpose, SeededRng};

/// An object id as its twelve bytes, whose order is the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId([u8; 12]);

impl ObjectId {
    /// The id of a moment, a process and a count.
    #[must_use]
    pub fn new(second: i64, process: [u8; 5], counter: u32) -> Self {
        let [s0, s1, s2, s3] = u32::try_from(second).unwrap_or(0).to_be_bytes();
        let [p0, p1, p2, p3, p4] = process;
        let [_, c0, c1, c2] = counter.to_be_bytes();
        Self([s0, s1, s2, s3, p0, p1, p2, p3, p4, c0, c1, c2])
    }

    /// The second of creation, since 1970.
    #[must_use]
    pub fn second(self) -> i64 {
        let [s0, s1, s2, s3, ..] = self.0;
        i64::from(u32::from_be_bytes([s0, s1, s2, s3]))
    }
}

impl std::str::FromStr for ObjectId {
    type Err = NoObjectId;

    fn from_str(text: &str) -> Result<Self, NoObjectId> {
        if text.len() != 24 || !text.is_ascii() {
            return Err(NoObjectId);
        }
        let mut bytes = [0; 12];
        for (at, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(at * 2..at * 2 + 2).filter(|digits| !digits.starts_with('+')).ok_or(NoObjectId)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| NoObjectId)?;
        }
        Ok(Self(bytes))
    }
}

impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// A text that is no object id: these are 24 hexadecimal characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoObjectId;

/// Makes object ids: four bytes of time, five bytes for this "process" from the seed, three bytes of a counter.
#[derive(Clone, Debug)]
pub struct IdSource {
    process: [u8; 5],
    counter: u32,
}

impl IdSource {
    /// The source of ids under `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut chance = SeededRng::new(seed, Purpose::Ids);
        // The counter starts low, so that it cannot wrap within one second and break the order.
        Self { process: chance.rng().random(), counter: chance.rng().random_range(0..0x1_0000) }
    }

    /// The part that stands for a process, in hexadecimal, and the counter: what a source is made of.
    #[must_use]
    pub fn parts(&self) -> (String, u32) {
        (hex(&self.process), self.counter)
    }

    /// A source of these parts; `None` when they are none.
    #[must_use]
    pub fn from_parts(process: &str, counter: u32) -> Option<Self> {
        if process.len() != 10 || !process.is_ascii() || counter > 0x00ff_ffff {
            return None;
        }
        let byte = |at: usize| u8::from_str_radix(process.get(at * 2..at * 2 + 2)?, 16).ok();
        Some(Self { process: [byte(0)?, byte(1)?, byte(2)?, byte(3)?, byte(4)?], counter })
    }

    /// The next object id at the moment `now`: 24 lower-case hexadecimal characters.
    pub fn next_id(&mut self, now: Timestamp) -> String {
        let id = ObjectId::new(now.as_second(), self.process, self.counter);
        self.counter = (self.counter + 1) & 0x00ff_ffff;
        hex(&id.0)
    }

    /// The next short id (sources, steps and rules inside a flow): six lower-case hexadecimal characters.
    pub fn next_short_id(&mut self) -> String {
        let [_, c0, c1, c2] = self.counter.to_be_bytes();
        self.counter = (self.counter + 1) & 0x00ff_ffff;
        hex(&[c2 ^ self.process[0], c1 ^ self.process[1], c0 ^ self.process[2]])
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_bson_ids_in_time_order() {
        let mut ids = IdSource::new(1);
        let early: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let late: Timestamp = "2026-01-01T00:00:01Z".parse().unwrap();
        let made: Vec<String> = [early, early, early, late, late].into_iter().map(|now| ids.next_id(now)).collect();
        assert!(made.iter().all(|id| id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit())));
        assert!(made.is_sorted(), "{made:?}");
        assert_eq!(&made[0][..8], "6955b900", "the first four bytes are the second of creation");
    }

    #[test]
    fn an_object_id_is_read_as_it_is_written() {
        let id: ObjectId = "5FD4371e940df5a34a3888b2".parse().unwrap();
        assert_eq!(id.to_string(), "5fd4371e940df5a34a3888b2");
        assert_eq!(id.second(), 0x5fd4_371e);
        for none in ["", "5fd4371e940df5a34a3888b", "5fd4371e940df5a34a3888b22", "+fd4371e940df5a34a3888b2", "zz"] {
            assert_eq!(none.parse::<ObjectId>(), Err(NoObjectId), "{none}");
        }
    }

    #[test]
    fn a_source_goes_on_from_its_parts() {
        let mut ids = IdSource::new(3);
        let now = Timestamp::UNIX_EPOCH;
        ids.next_id(now);
        let (process, counter) = ids.parts();
        assert_eq!(IdSource::from_parts(&process, counter).unwrap().next_id(now), ids.next_id(now));
        for (process, counter) in [("0011", 1), ("00112233zz", 1), ("0011223344", 0x0100_0000)] {
            assert!(IdSource::from_parts(process, counter).is_none(), "{process} {counter}");
        }
    }

    #[test]
    fn short_ids_differ_from_each_other() {
        let mut ids = IdSource::new(9);
        let made: std::collections::HashSet<String> = (0..1000).map(|_| ids.next_short_id()).collect();
        assert_eq!(made.len(), 1000);
    }
}
