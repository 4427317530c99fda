//! Figures, each beside its limit and its aim, and the table of them.

use serde_json::{Value, json};

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Shown as milliseconds; kept in microseconds.
    Micros,
    PerSecond,
    Megabytes,
    PerMinute,
    Percent,
}

impl Unit {
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Micros if value < 9_950.0 => format!("{:.2} ms", value / 1e3),
            Self::Micros if value < 99_500.0 => format!("{:.1} ms", value / 1e3),
            Self::Micros => format!("{:.0} ms", value / 1e3),
            Self::PerSecond => format!("{value:.0}/s"),
            Self::Megabytes => format!("{value:.1} MB"),
            Self::PerMinute => format!("{value:.0}/min"),
            Self::Percent => format!("{value:.3} %"),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Micros => "us",
            Self::PerSecond => "1/s",
            Self::Megabytes => "MB",
            Self::PerMinute => "1/min",
            Self::Percent => "%",
        }
    }
}

/// What is wanted of a figure.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aim {
    /// At most this many times its limit.
    RatioMost(f64),
    /// At least this part of its limit.
    RatioLeast(f64),
    /// At most this, in the figure's unit.
    Most(f64),
    /// Nothing in particular: it explains another.
    None,
}

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: Unit,
    /// What the same run measured as the limit.
    pub(crate) limit: Option<f64>,
    pub(crate) aim: Aim,
}

impl Figure {
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: Unit) -> Self {
        Self { name: name.into(), value, unit, limit: None, aim: Aim::None }
    }

    pub(crate) fn beside(self, limit: f64) -> Self {
        Self { limit: Some(limit), ..self }
    }

    pub(crate) fn aims(self, aim: Aim) -> Self {
        Self { aim, ..self }
    }

    fn ratio(&self) -> Option<f64> {
        self.limit.map(|limit| self.value / limit)
    }

    fn is_met(&self) -> Option<bool> {
        match self.aim {
            Aim::RatioMost(most) => self.ratio().map(|ratio| ratio <= most),
            Aim::RatioLeast(least) => self.ratio().map(|ratio| ratio >= least),
            Aim::Most(most) => Some(self.value <= most),
            Aim::None => None,
        }
    }

    fn wanted(&self) -> String {
        match self.aim {
            Aim::RatioMost(most) => format!("<= {most:.2}x"),
            Aim::RatioLeast(least) => format!(">= {least:.2}x"),
            Aim::Most(most) => format!("<= {}", self.unit.show(most)),
            Aim::None => String::new(),
        }
    }

    fn cells(&self, part: &str) -> [String; 7] {
        [
            part.to_owned(),
            self.name.clone(),
            self.unit.show(self.value),
            self.limit.map(|limit| self.unit.show(limit)).unwrap_or_default(),
            self.ratio().map(|ratio| format!("{ratio:.2}x")).unwrap_or_default(),
            self.wanted(),
            match self.is_met() {
                Some(true) => "met".to_owned(),
                Some(false) => "missed".to_owned(),
                None => String::new(),
            },
        ]
    }

    pub(crate) fn to_json(&self, part: &str) -> Value {
        json!({
            "part": part,
            "figure": self.name,
            "value": self.value,
            "unit": self.unit.name(),
            "limit": self.limit,
            "ratio": self.ratio(),
            "aim": self.wanted(),
            "met": self.is_met(),
        })
    }
}

/// The table as Markdown whose columns also line up in a terminal.
pub(crate) fn table<'a>(figures: impl Iterator<Item = (&'a str, &'a Figure)>) -> String {
    let mut rows: Vec<[String; 7]> =
        vec![["", "figure", "Jitney", "limit", "ratio", "aim", ""].map(str::to_owned)];
    rows.extend(figures.map(|(part, figure)| figure.cells(part)));
    let mut widths = [3_usize; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
        if number == 0 {
            let lines: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            text.push_str(&format!("| {} |\n", lines.join(" | ")));
        }
    }
    text
}
