//! A measured figure beside its reference, and how it is printed.

use std::io::Write;

use serde::Serialize;

/// How figures are printed.
#[derive(Clone, Copy)]
pub(crate) enum Show {
    /// For people, in columns.
    Text,
    /// For programs, one object a line.
    Json,
}

/// One figure. The ratio is value over reference.
#[derive(Serialize)]
pub(crate) struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    reference: f64,
    ratio: f64,
    /// What the reference is: for people only, so that JSON keeps its five fields.
    #[serde(skip)]
    against: &'static str,
}

impl Figure {
    /// A figure beside what was measured in the same run, or beside what we promise.
    pub(crate) fn new(
        name: &'static str,
        value: f64,
        unit: &'static str,
        reference: f64,
        against: &'static str,
    ) -> Figure {
        Figure { name, value, unit, reference, ratio: value / reference, against }
    }

    /// Prints it on standard output.
    pub(crate) fn print(&self, show: Show) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        match show {
            Show::Json => writeln!(out, "{}", serde_json::to_string(self)?)?,
            Show::Text => {
                let Figure { name, value, unit, reference, ratio, against } = self;
                let (value, reference) = (plain(*value), plain(*reference));
                writeln!(out, "{name:<28} {value:>12} {unit:<14} {against}: {reference}  ratio {ratio:.3}")?;
            }
        }
        Ok(())
    }
}

/// Large figures without a fraction, small ones with what can be told apart.
fn plain(value: f64) -> String {
    if value.abs() >= 1_000.0 {
        let digits = format!("{value:.0}");
        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        grouped
    } else {
        format!("{value:.2}")
    }
}

/// Tells a person who waits what is going on, on standard error.
pub(crate) fn say(text: &str) {
    // A closed standard error is no reason to stop measuring.
    let _ = writeln!(std::io::stderr(), "    {text}");
}
