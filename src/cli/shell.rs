//! `completions` and `man`: what shells and readers are told, from the definitions of [`super::args`].

use std::fs;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::CommandResult;
use super::args::Cli;

/// The script that teaches a shell.
pub fn completions(shell: Shell) -> CommandResult {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "steersman", &mut script);
    String::from_utf8(script).map_err(|error| error.to_string())
}

/// Writes `steersman.1` and a page for each command.
pub fn man(folder: &Path) -> CommandResult {
    // `steersman help` needs no page, for it is one.
    let program = Cli::command().disable_help_subcommand(true);
    let written =
        fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(program, folder));
    let wrong = |error| format!("cannot write manual pages to {}: {error}", folder.display());
    written.map_err(wrong)?;
    Ok(String::new())
}
