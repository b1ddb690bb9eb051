//! A conversation to look at: both waves over time, and what happened when, as an SVG.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

/// The picture is as wide as this, whatever it shows.
const WIDTH: u64 = 1_600;
/// From one edge to where the waves begin.
const LEFT: u64 = 90;
/// Units from one column of a wave to the next.
const COLUMN: u64 = 2;
/// Columns there is room for.
const COLUMNS: u64 = (WIDTH - LEFT - 10) / COLUMN;
/// The height of a row of names, and of one character's width in them.
const ROW: u64 = 18;
const CHARACTER: u64 = 8;
/// Half the height of a wave.
const HALF: i64 = 70;
/// From the middle of one wave to that of the next.
const LANE: i64 = 2 * HALF + 16;

/// A wave with its name.
pub(crate) struct Lane<'a> {
    pub(crate) name: &'static str,
    pub(crate) colour: &'static str,
    pub(crate) samples: &'a [i16],
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) at: Duration,
    name: Cow<'static, str>,
    colour: &'static str,
}

impl Mark {
    pub(crate) fn new(
        at: Duration,
        name: impl Into<Cow<'static, str>>,
        colour: &'static str,
    ) -> Self {
        let name = name.into();
        Self { at, name, colour }
    }
}

/// The lanes below each other on one axis of time, at `rate` samples a second, and the marks, in
/// order of time, above them.
pub(crate) fn svg(lanes: &[Lane<'_>], marks: &[Mark], rate: u32) -> String {
    let longest = lanes.iter().map(|lane| lane.samples.len()).max();
    let last = marks.last().map(|mark| mark.at).unwrap_or_default();
    let axis = Axis::new(longest.unwrap_or_default() as u64, last, rate);
    let names = axis.names(marks);
    let rows = names.iter().map(|name| name.row + 1).max().unwrap_or(0);
    let top = rows * ROW + 10;
    let lanes_end = top + LANE.unsigned_abs() * lanes.len() as u64;
    let height = lanes_end + 2 * ROW;

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"monospace\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    for second in axis.ticks() {
        let x = axis.x(Duration::from_secs(second));
        line(&mut svg, x, top, lanes_end, "#ddd");
        text(
            &mut svg,
            x,
            height - 12,
            "middle",
            "#555",
            &format!("{second} s"),
        );
    }
    for name in &names {
        line(&mut svg, name.x, name.row * ROW + 4, lanes_end, "#888");
    }
    for name in &names {
        let (x, anchor) = if name.leftwards {
            (name.x - 4, "end")
        } else {
            (name.x + 4, "start")
        };
        let Mark {
            name: words,
            colour,
            ..
        } = name.mark;
        text(&mut svg, x, name.row * ROW + 16, anchor, colour, words);
    }
    for (lane, number) in lanes.iter().zip(0..) {
        let middle = top.cast_signed() + LANE / 2 + LANE * number;
        text(
            &mut svg,
            LEFT - 10,
            middle.unsigned_abs() + 4,
            "end",
            lane.colour,
            lane.name,
        );
        wave(&mut svg, lane, middle, &axis);
    }
    svg.push_str("</svg>\n");
    svg
}

/// From time to place.
struct Axis {
    rate: u64,
    /// Samples in a column.
    step: u64,
}

impl Axis {
    /// An axis that has room for so many samples, and for this time.
    fn new(samples: u64, last: Duration, rate: u32) -> Self {
        let rate = u64::from(rate).max(1);
        let samples = samples.max(last.as_secs().saturating_add(1).saturating_mul(rate));
        Self {
            rate,
            step: samples.div_ceil(COLUMNS).max(1),
        }
    }

    fn x(&self, time: Duration) -> u64 {
        let samples = time.as_micros() * u128::from(self.rate) / 1_000_000;
        let column = u64::try_from(samples / u128::from(self.step)).unwrap_or(WIDTH);
        LEFT + COLUMN * column.min(WIDTH)
    }

    /// The seconds that are written below it: few enough to be read.
    fn ticks(&self) -> impl Iterator<Item = u64> + use<> {
        let seconds = self.step.saturating_mul(COLUMNS) / self.rate;
        let apart = (seconds / 20)
            .checked_next_power_of_two()
            .unwrap_or(u64::MAX);
        (0..=seconds / apart).map(move |tick| tick * apart)
    }

    /// Where the names of the marks stand: each in the first row in which it covers no other.
    fn names<'a>(&self, marks: &'a [Mark]) -> Vec<Name<'a>> {
        let mut ends: Vec<u64> = Vec::new();
        let mut names = Vec::new();
        for mark in marks {
            let x = self.x(mark.at);
            let length = mark.name.chars().count() as u64 * CHARACTER + 8;
            let leftwards = x + length > WIDTH;
            let (from, to) = if leftwards {
                (x.saturating_sub(length), x)
            } else {
                (x, x + length)
            };
            let row = ends
                .iter()
                .position(|end| *end <= from)
                .unwrap_or(ends.len());
            match ends.get_mut(row) {
                Some(end) => *end = to,
                None => ends.push(to),
            }
            names.push(Name {
                x,
                row: row as u64,
                leftwards,
                mark,
            });
        }
        names
    }
}

/// A mark's name in its place.
struct Name<'a> {
    x: u64,
    row: u64,
    leftwards: bool,
    mark: &'a Mark,
}

fn line(svg: &mut String, x: u64, from: u64, to: u64, colour: &str) {
    let _ = writeln!(svg, "<path d=\"M{x} {from}V{to}\" stroke=\"{colour}\"/>");
}

fn text(svg: &mut String, x: u64, y: u64, anchor: &str, colour: &str, text: &str) {
    let text = escaped(text);
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"{colour}\" \
         stroke=\"#fff\" stroke-width=\"4\" paint-order=\"stroke\">{text}</text>"
    );
}

/// The text as XML has it. Characters that cannot stand there at all are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            character if character.is_control() => {}
            character => escaped.push(character),
        }
    }
    escaped
}

/// A stroke from the lowest to the highest sample of each column.
fn wave(svg: &mut String, lane: &Lane<'_>, middle: i64, axis: &Axis) {
    let _ = write!(
        svg,
        "<path stroke=\"{}\" stroke-width=\"2\" d=\"",
        lane.colour
    );
    let step = usize::try_from(axis.step).unwrap_or(usize::MAX);
    let y = |sample: i16| middle - i64::from(sample) * HALF / 32_768;
    for (column, samples) in (0_u64..).zip(lane.samples.chunks(step)) {
        let x = LEFT + COLUMN * column;
        let low = samples.iter().copied().min().unwrap_or_default();
        let high = samples.iter().copied().max().unwrap_or_default();
        // A stroke of no length would not be seen.
        let _ = write!(svg, "M{x} {}V{}", y(high), y(low) + 1);
    }
    svg.push_str("\"/>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(names: &[(u64, &'static str)]) -> Vec<Mark> {
        let mark =
            |(ms, name): &(u64, &'static str)| Mark::new(Duration::from_millis(*ms), *name, "#000");
        names.iter().map(mark).collect()
    }

    #[test]
    fn names_do_not_cover_each_other() {
        let axis = Axis::new(24_000 * 10, Duration::ZERO, 24_000);
        let marks = marks(&[
            (0, "first"),
            (10, "second"),
            (5_000, "third"),
            (9_990, "last"),
        ]);
        let names = axis.names(&marks);
        let rows: Vec<u64> = names.iter().map(|name| name.row).collect();
        assert_eq!(rows, [0, 1, 0, 0]);
        assert!(names[3].leftwards && names[3].x < WIDTH);
    }

    #[test]
    fn any_length_fits() {
        for (samples, last) in [
            (0, Duration::ZERO),
            (1, Duration::MAX),
            (50_000, Duration::ZERO),
        ] {
            let samples = vec![i16::MIN; samples];
            let lane = Lane {
                name: "caller",
                colour: "#000",
                samples: &samples,
            };
            let svg = svg(&[lane], &[Mark::new(last, "<end>", "#000")], 24_000);
            assert!(
                svg.ends_with("</svg>\n") && svg.contains("&lt;end&gt;") && svg.len() < 40_000,
                "{}",
                svg.len()
            );
        }
    }
}
