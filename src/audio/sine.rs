//! A sine that is the same on all machines.
//!
//! The standard library's calls the platform's, and those differ in the last bit. This one is made
//! of sums and products only, which IEEE 754 fixes; it is exact to about 3e-9.

/// The sine of so many turns of a circle; `turns` is finite.
pub(crate) fn sine(turns: f64) -> f64 {
    // To the quarter turn around zero: from −0.25 to 0.25.
    let turn = turns - turns.round();
    let turn = if turn.abs() > 0.25 {
        0.5_f64.copysign(turn) - turn
    } else {
        turn
    };
    let x = turn * std::f64::consts::TAU;
    let square = x * x;
    // Taylor's series to the 13th power.
    let mut sum = 1.0 / 6_227_020_800.0;
    for factor in [
        -1.0 / 39_916_800.0,
        1.0 / 362_880.0,
        -1.0 / 5_040.0,
        1.0 / 120.0,
        -1.0 / 6.0,
        1.0,
    ] {
        sum = sum * square + factor;
    }
    x * sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn it_is_the_sine() {
        for step in -5_000..5_000 {
            let turns = f64::from(step) / 1_234.5;
            let difference = sine(turns) - (turns * TAU).sin();
            assert!(difference.abs() < 1e-8, "{turns}: {difference}");
        }
    }
}
