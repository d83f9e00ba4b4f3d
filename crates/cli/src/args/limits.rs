//! The limits of `gradus serve`.

use clap::Args;
use gradus_server::settings::Limits;

/// What one principal, one address and one connection may have of the server.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits (0 is none; explained in config/gradus.toml)")]
pub struct LimitArgs {
    /// No limits but those that are given here
    #[arg(long)]
    pub no_limits: bool,
    /// Calls a second of one principal that read [default: 2000]
    #[arg(long, value_name = "N")]
    pub reads_per_second: Option<u32>,
    /// Calls a second of one principal that append [default: 4000]
    #[arg(long, value_name = "N")]
    pub writes_per_second: Option<u32>,
    /// Events a second that one principal appends [default: 10000]
    #[arg(long, value_name = "N")]
    pub events_per_second: Option<u32>,
    /// KiB a second that one principal appends [default: 16384]
    #[arg(long, value_name = "N")]
    pub kibibytes_per_second: Option<u32>,
    /// Calls of one principal that read together [default: 64]
    #[arg(long, value_name = "N")]
    pub reads_at_once: Option<u32>,
    /// Calls of one principal that append together [default: 64]
    #[arg(long, value_name = "N")]
    pub writes_at_once: Option<u32>,
    /// Open streams of one principal [default: 100]
    #[arg(long, value_name = "N")]
    pub streams_at_once: Option<u32>,
    /// Connections of everybody [default: 8192]
    #[arg(long, value_name = "N")]
    pub connections: Option<u32>,
    /// Connections of one address [default: 1024]
    #[arg(long, value_name = "N")]
    pub connections_per_address: Option<u32>,
    /// Time for a new connection to ask something [default: 10]
    #[arg(long, value_name = "SECONDS")]
    pub first_call_seconds: Option<u32>,
    /// Time after which a connection without a call is closed [default: 900]
    #[arg(long, value_name = "SECONDS")]
    pub idle_connection_seconds: Option<u32>,
    /// Longest time for a call that is no stream [default: 30]
    #[arg(long, value_name = "SECONDS")]
    pub call_seconds: Option<u32>,
    /// Time after which a silent stream of evidence ends [default: 300]
    #[arg(long, value_name = "SECONDS")]
    pub silent_push_seconds: Option<u32>,
}

impl LimitArgs {
    /// The limits of a settings file, with what the command line says instead.
    #[must_use]
    pub fn over(&self, file: Limits) -> Limits {
        let file = if self.no_limits { Limits::none() } else { file };
        macro_rules! limits {
            ($($name:ident)+) => {
                Limits { $( $name: self.$name.unwrap_or(file.$name), )+ }
            };
        }
        limits! {
            reads_per_second writes_per_second events_per_second kibibytes_per_second
            reads_at_once writes_at_once streams_at_once
            connections connections_per_address first_call_seconds idle_connection_seconds
            call_seconds silent_push_seconds
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, FromArgMatches as _, Parser};

    use super::*;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        limits: LimitArgs,
    }

    fn told(words: &[&str]) -> Limits {
        let matches = Alone::command().get_matches_from([&["serve"], words].concat());
        let file = Limits { call_seconds: 7, ..Limits::default() };
        Alone::from_arg_matches(&matches).unwrap().limits.over(file)
    }

    #[test]
    fn a_flag_comes_before_the_file_and_no_limits_leaves_only_the_flags() {
        let file = Limits { call_seconds: 7, ..Limits::default() };
        assert_eq!(told(&[]), file);
        assert_eq!(told(&["--connections", "5"]), Limits { connections: 5, ..file });
        let only = Limits { reads_at_once: 3, ..Limits::none() };
        assert_eq!(told(&["--no-limits", "--reads-at-once", "3"]), only);
    }

    #[test]
    fn the_help_says_the_defaults() {
        let help = Alone::command().render_help().to_string();
        let words: Vec<&str> = help.split_whitespace().collect();
        let said: Vec<String> = words
            .windows(2)
            .filter(|pair| pair[0] == "[default:")
            .map(|pair| pair[1].trim_end_matches(']').to_owned())
            .collect();
        let file = include_str!("../../../../config/gradus.toml");
        let (_, limits) = file.split_once("[limits]").unwrap();
        let settings = limits.lines().filter(|line| !line.starts_with('#'));
        let kept: Vec<&str> = settings.filter_map(|line| Some(line.split_once(" = ")?.1)).collect();
        assert_eq!(said, kept);
    }
}
