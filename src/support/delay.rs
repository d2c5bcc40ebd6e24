//! How long something takes: a length of time, or a way to draw one.

use rand::RngExt;

use super::rng::SeededRng;

/// The longest delay there is.
pub const DELAY_MS_MAX: u64 = 300_000;

/// A delay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delay {
    /// Always the same.
    Fixed {
        /// How long.
        ms: u64,
    },
    /// Anything between two bounds, each equally likely.
    Uniform {
        /// The shortest.
        lower_ms: u64,
        /// The longest.
        upper_ms: u64,
    },
    /// Mostly near the median, now and then much longer: as networks behave.
    Lognormal {
        /// Half of the delays are shorter.
        median_ms: u64,
        /// How far they spread: the standard deviation of the logarithm.
        sigma: f64,
        /// No delay is longer.
        max_ms: u64,
    },
}

impl Delay {
    /// A length of time, in milliseconds.
    #[must_use]
    pub fn draw(self, chance: &mut SeededRng) -> u64 {
        match self {
            Self::Fixed { ms } => ms,
            Self::Uniform { lower_ms, upper_ms } => chance.rng().random_range(lower_ms..=upper_ms.max(lower_ms)),
            Self::Lognormal { median_ms, sigma, max_ms } => {
                let length = to_f64(median_ms) * (sigma * normal(chance)).exp();
                to_u64(length).min(max_ms)
            }
        }
        .min(DELAY_MS_MAX)
    }
}

/// A number from the standard normal distribution (the method of Box and Muller).
fn normal(chance: &mut SeededRng) -> f64 {
    // The logarithm of zero is nothing to multiply with.
    let radius: f64 = chance.rng().random::<f64>().max(f64::MIN_POSITIVE);
    let angle: f64 = chance.rng().random::<f64>() * std::f64::consts::TAU;
    (-2.0 * radius.ln()).sqrt() * angle.cos()
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of minutes are far below 2^52")]
fn to_f64(ms: u64) -> f64 {
    ms as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and the bound follows"
)]
fn to_u64(ms: f64) -> u64 {
    ms as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::rng::Purpose;

    fn drawn(delay: Delay) -> Vec<u64> {
        (0..2000).map(|n| delay.draw(&mut SeededRng::nth(1, Purpose::Rules, n))).collect()
    }

    #[test]
    fn delays_are_what_they_are_called() {
        assert!(drawn(Delay::Fixed { ms: 7 }).iter().all(|ms| *ms == 7));
        let uniform = drawn(Delay::Uniform { lower_ms: 10, upper_ms: 20 });
        assert!(uniform.iter().all(|ms| (10..=20).contains(ms)) && uniform.contains(&10) && uniform.contains(&20));
        let mut lognormal = drawn(Delay::Lognormal { median_ms: 100, sigma: 0.5, max_ms: 400 });
        lognormal.sort_unstable();
        assert!((90..=110).contains(&lognormal[1000]), "the median is {}", lognormal[1000]);
        assert!(lognormal[1999] == 400 && lognormal[0] < 50, "{} to {}", lognormal[0], lognormal[1999]);
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let delay = Delay::Lognormal { median_ms: 100, sigma: 1.0, max_ms: 10_000 };
        assert_eq!(drawn(delay), drawn(delay));
    }

    #[test]
    fn nothing_takes_longer_than_the_longest() {
        assert!(drawn(Delay::Fixed { ms: u64::MAX }).iter().all(|ms| *ms == DELAY_MS_MAX));
    }
}
