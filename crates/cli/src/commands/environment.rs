//! `gradus env`: the variables that flags read.

use clap::CommandFactory as _;

use crate::args::Cli;
use crate::config;
use crate::error::CliError;
use crate::output::json::{Json, object};
use crate::output::sheet::Sheet;
use crate::output::{Output, View};
use crate::variables::{self, Variable};

/// Lists the variables, with the values that are set. Secrets are never shown.
pub fn show(output: &Output) -> Result<(), CliError> {
    let variables = variables::list(&Cli::command());
    let mut sheet = Sheet::new(&["variable", "flag", "value", "meaning"]);
    let mut entries = Vec::new();
    for variable in &variables {
        let (flag, value) = (format!("--{}", variable.flag), value(variable));
        entries.push(object([
            ("variable", variable.name.as_str().into()),
            ("flag", flag.as_str().into()),
            ("value", value.clone().into()),
            ("meaning", variable.help.as_str().into()),
        ]));
        sheet.row(vec![
            variable.name.clone().into(),
            flag.into(),
            value.unwrap_or_default().into(),
            variable.help.clone().into(),
        ]);
    }
    let file = config::user_path().map(|path| path.display().to_string());
    output.show(&View {
        document: object([
            ("variables", Json::List(entries.clone())),
            ("user_config_file", file.into()),
        ]),
        entries: Some(entries),
        sheets: vec![sheet],
    })
}

fn value(variable: &Variable) -> Option<String> {
    let value = variable.value.as_ref()?;
    Some(if variable.secret { "(set)".to_owned() } else { value.to_string_lossy().into_owned() })
}
