//! What a series of ratios says.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// How often the series is drawn anew from itself.
const RESAMPLES: usize = 10_000;
/// The interval is the same for the same series.
const SEED: u64 = 0x67_6f_6d_61_72_6b;

/// The shortest series that an interval is given for: of fewer values than six, even the range from
/// the least to the most holds the median less often than 95 %.
const SHORTEST: usize = 6;

/// A median with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Interval {
    /// The median.
    pub median: f64,
    /// The lower end; `None` where there are too few values for one.
    pub low: Option<f64>,
    /// The upper end; likewise.
    pub high: Option<f64>,
}

/// Returns the median of a series and, by the percentile bootstrap, its 95 % interval; `None` of
/// an empty series.
pub fn median_with_interval(series: &[f64]) -> Option<Interval> {
    let middle = median(series.to_vec())?;
    if series.len() < SHORTEST {
        return Some(Interval { median: middle, low: None, high: None });
    }
    let mut random = StdRng::seed_from_u64(SEED);
    let mut medians: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| {
            let drawn = (0..series.len()).map(|_| series[random.random_range(0..series.len())]);
            median(drawn.collect())
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    let at = |share: f64| medians.get(((RESAMPLES - 1) as f64 * share).round() as usize).copied();
    Some(Interval { median: middle, low: at(0.025), high: at(0.975) })
}

/// Returns the median of a series; `None` of an empty one.
pub fn median(mut series: Vec<f64>) -> Option<f64> {
    series.sort_by(f64::total_cmp);
    let middle = series.len() / 2;
    match series.len() {
        0 => None,
        length if length % 2 == 1 => Some(series[middle]),
        _ => Some(f64::midpoint(series[middle - 1], series[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn the_interval_holds_the_median_and_narrows_with_agreement() {
        let wide: Vec<f64> = (0..20).map(|i| 0.5 + 0.05 * f64::from(i)).collect();
        let narrow: Vec<f64> = (0..20).map(|i| 0.97 + 0.003 * f64::from(i)).collect();
        let (wide, narrow) =
            (median_with_interval(&wide).unwrap(), median_with_interval(&narrow).unwrap());
        for interval in [wide, narrow] {
            let (low, high) = (interval.low.unwrap(), interval.high.unwrap());
            assert!(low <= interval.median && interval.median <= high);
        }
        let width = |interval: Interval| interval.high.unwrap() - interval.low.unwrap();
        assert!(width(narrow) < width(wide));
        let same = median_with_interval(&[1.25; 6]).unwrap();
        assert_eq!(same, Interval { median: 1.25, low: Some(1.25), high: Some(1.25) });
    }

    #[test]
    fn too_few_values_have_no_interval() {
        let few = median_with_interval(&[0.9, 0.95, 0.97, 0.96, 0.94]).unwrap();
        assert_eq!(few, Interval { median: 0.95, low: None, high: None });
    }
}
