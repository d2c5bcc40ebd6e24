//! Delays: a fixed length of time, or a distribution to sample one from.

use rand::RngExt;

use super::rng::SeededRng;

/// The longest delay, in milliseconds: five minutes.
pub const DELAY_MS_MAX: u64 = 300_000;

/// The length of a delay, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delay {
    /// A constant.
    Fixed {
        /// The length.
        ms: u64,
    },
    /// The uniform distribution between two bounds, both inclusive.
    Uniform {
        /// The shortest delay.
        lower_ms: u64,
        /// The longest delay.
        upper_ms: u64,
    },
    /// The lognormal distribution: mostly near the median, occasionally much longer, like network latency.
    Lognormal {
        /// The median.
        median_ms: u64,
        /// The standard deviation of the logarithm.
        sigma: f64,
        /// The longest delay; longer samples are cut to it.
        max_ms: u64,
    },
}

impl Delay {
    /// Samples a length in milliseconds, at most [`DELAY_MS_MAX`].
    pub(crate) fn sample(self, rng: &mut SeededRng) -> u64 {
        match self {
            Self::Fixed { ms } => ms,
            Self::Uniform { lower_ms, upper_ms } => rng.rng().random_range(lower_ms..=upper_ms.max(lower_ms)),
            Self::Lognormal { median_ms, sigma, max_ms } => {
                let length = to_f64(median_ms) * (sigma * sample_standard_normal(rng)).exp();
                to_u64(length).min(max_ms)
            }
        }
        .min(DELAY_MS_MAX)
    }
}

/// Samples the standard normal distribution with the Box-Muller transform.
fn sample_standard_normal(rng: &mut SeededRng) -> f64 {
    // The logarithm of zero would be infinite.
    let radius: f64 = rng.rng().random::<f64>().max(f64::MIN_POSITIVE);
    let angle: f64 = rng.rng().random::<f64>() * std::f64::consts::TAU;
    (-2.0 * radius.ln()).sqrt() * angle.cos()
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of minutes are far below 2^52")]
fn to_f64(ms: u64) -> f64 {
    ms as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and the caller bounds the result"
)]
fn to_u64(ms: f64) -> u64 {
    ms as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::rng::Purpose;

    fn samples(delay: Delay) -> Vec<u64> {
        (0..2000).map(|n| delay.sample(&mut SeededRng::nth(1, Purpose::Rules, n))).collect()
    }

    #[test]
    fn samples_follow_the_distribution() {
        assert!(samples(Delay::Fixed { ms: 7 }).iter().all(|ms| *ms == 7));
        let uniform = samples(Delay::Uniform { lower_ms: 10, upper_ms: 20 });
        assert!(uniform.iter().all(|ms| (10..=20).contains(ms)) && uniform.contains(&10) && uniform.contains(&20));
        let mut lognormal = samples(Delay::Lognormal { median_ms: 100, sigma: 0.5, max_ms: 400 });
        lognormal.sort_unstable();
        assert!((90..=110).contains(&lognormal[1000]), "the median is {}", lognormal[1000]);
        assert!(lognormal[1999] == 400 && lognormal[0] < 50, "{} to {}", lognormal[0], lognormal[1999]);
    }

    #[test]
    fn the_same_seed_gives_the_same_samples() {
        let delay = Delay::Lognormal { median_ms: 100, sigma: 1.0, max_ms: 10_000 };
        assert_eq!(samples(delay), samples(delay));
    }

    #[test]
    fn samples_never_exceed_the_maximum() {
        assert!(samples(Delay::Fixed { ms: u64::MAX }).iter().all(|ms| *ms == DELAY_MS_MAX));
    }
}
