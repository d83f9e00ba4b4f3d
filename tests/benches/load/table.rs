//! Cells of servers side by side: medians of rounds, and ratios round by round.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::drive::{Cell, Lag};
use crate::shape::Shape;

/// One measurement of a cell.
struct Round {
    rate: f64,
    /// The median, and what 99 and 99.9 of a hundred calls kept below.
    latency: [Duration; 3],
    lag: Lag,
    /// Processor time of the server for one event, views and index too, in microseconds.
    processor: f64,
}

/// Every cell, in the order of shapes and servers.
#[derive(Default)]
pub(crate) struct Table {
    cells: Vec<((Shape, String), Vec<Round>)>,
    memory: BTreeMap<String, u64>,
}

const OURS: &str = "gradus";

impl Table {
    /// Takes in one round of a cell, and the processor time that so many events took in it.
    pub(crate) fn take(
        &mut self,
        shape: Shape,
        server: &str,
        (mut cell, lag): (Cell, Lag),
        (processor, all): (Duration, u64),
    ) {
        cell.calls.sort_unstable();
        let at = |thousandths: usize| {
            let last = cell.calls.len().saturating_sub(1);
            cell.calls.get(cell.calls.len() * thousandths / 1_000).or(cell.calls.get(last))
        };
        let latency = [500, 990, 999].map(|part| at(part).copied().unwrap_or_default());
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52 events")]
        let (events, all) = (cell.events as f64, all.max(1) as f64);
        let rate = events / cell.took.as_secs_f64();
        let processor = processor.as_secs_f64() * 1e6 / all;
        let round = Round { rate, latency, lag, processor };
        match self.cells.iter_mut().find(|((of, name), _)| *of == shape && name == server) {
            Some((_, rounds)) => rounds.push(round),
            None => self.cells.push(((shape, server.to_owned()), vec![round])),
        }
    }

    /// Takes in what a server's processes have in memory at the end.
    pub(crate) fn memory(&mut self, server: &str, mib: u64) {
        self.memory.insert(server.to_owned(), mib);
    }

    fn rounds(&self, shape: Shape, server: &str) -> Option<&[Round]> {
        let found = self.cells.iter().find(|((of, name), _)| *of == shape && name == server);
        found.map(|(_, rounds)| rounds.as_slice())
    }

    /// The middle one of the ratios of our rounds to another server's.
    fn ratio(&self, shape: Shape, server: &str) -> Option<f64> {
        let (ours, other) = (self.rounds(shape, OURS)?, self.rounds(shape, server)?);
        let ratios = ours.iter().zip(other).map(|(ours, other)| ours.rate / other.rate.max(0.001));
        Some(middle(ratios.collect()))
    }

    /// As a table for people.
    pub(crate) fn text(&self) -> String {
        let mut out = format!(
            "{:<27}{:<10}{:>10}{:>10}{:>10}{:>10}{:>9}{:>9}{:>16}\n",
            "shape",
            "server",
            "events/s",
            "p50",
            "p99",
            "p99.9",
            "ours x",
            "CPU us",
            "behind at end"
        );
        for ((shape, server), rounds) in &self.cells {
            let rate = middle(rounds.iter().map(|round| round.rate).collect());
            let latency = [0, 1, 2].map(|at| {
                shown(middle(rounds.iter().map(|round| round.latency[at].as_secs_f64()).collect()))
            });
            let ratio = self.ratio(*shape, server).filter(|_| server != OURS);
            let ratio = ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
            let processor = middle(rounds.iter().map(|round| round.processor).collect());
            let most = rounds.iter().map(|round| round.lag).max_by_key(|lag| lag.events);
            let lag = most
                .filter(|lag| lag.events > 0)
                .map(|lag| format!("{} in {}", lag.events, shown(lag.took.as_secs_f64())));
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "{:<27}{server:<10}{rate:>10.0}{:>10}{:>10}{:>10}{ratio:>9}{processor:>9.1}{:>16}",
                shape.told(),
                latency[0],
                latency[1],
                latency[2],
                lag.unwrap_or_default(),
            );
        }
        for (server, mib) in &self.memory {
            let _ = writeln!(out, "memory at the end, {server}: {mib} MiB");
        }
        out
    }

    /// As JSON, each round told.
    pub(crate) fn json(&self) -> Value {
        let cells = self.cells.iter().map(|((shape, server), rounds)| {
            let rates: Vec<f64> = rounds.iter().map(|round| round.rate.round()).collect();
            let micros = |at: usize| {
                let all = rounds.iter().map(|round| round.latency[at].as_secs_f64() * 1e6);
                middle(all.collect()).round()
            };
            json!({
                "shape": shape.name(), "server": server,
                "events_per_second": middle(rates.clone()), "rounds": rates,
                "p50_us": micros(0), "p99_us": micros(1), "p999_us": micros(2),
                "processor_us_per_event": middle(rounds.iter().map(|one| one.processor).collect()),
                "ours_to_this": self.ratio(*shape, server),
                "behind": rounds.iter().map(|round| round.lag.events).max(),
            })
        });
        json!({ "cells": cells.collect::<Vec<_>>(), "resident_mib": self.memory })
    }
}

/// The middle one.
pub(crate) fn middle(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// Seconds in the unit that suits them.
pub(crate) fn shown(seconds: f64) -> String {
    format!("{:.2?}", Duration::from_secs_f64(seconds))
}

/// Lines of a name and a figure.
#[derive(Default)]
pub(crate) struct Figures {
    title: &'static str,
    lines: Vec<(String, f64, &'static str)>,
}

impl Figures {
    pub(crate) fn titled(title: &'static str) -> Self {
        Self { title, lines: Vec::new() }
    }

    pub(crate) fn add(&mut self, name: impl Into<String>, figure: f64, unit: &'static str) {
        self.lines.push((name.into(), figure, unit));
    }

    pub(crate) fn text(&self) -> String {
        let mut out = format!("{}\n", self.title);
        for (name, figure, unit) in &self.lines {
            let _ = writeln!(out, "  {name:<58}{figure:>14.2} {unit}");
        }
        out
    }

    pub(crate) fn json(&self) -> Value {
        let lines = self
            .lines
            .iter()
            .map(|(name, figure, unit)| (name.clone(), json!({ "figure": figure, "unit": unit })));
        Value::Object(lines.collect())
    }
}
