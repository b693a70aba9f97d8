//! Flags of `import`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::wire::Name;

/// What can be imported.
#[derive(Clone, Debug, Subcommand)]
pub enum ImportCommand {
    /// octoDNS zone files, dynamic records and all: exit 0 all carried over, 1 not all, 2 usage
    #[command(name = "octodns")]
    OctoDns(ImportOctoDnsArgs),
    /// A gdnsd configuration and its zones: exit 0 all carried over, 1 not all, 2 usage
    Gdnsd(ImportGdnsdArgs),
}

/// Flags of `import octodns`.
#[derive(Clone, Debug, Args)]
pub struct ImportOctoDnsArgs {
    /// Zone files (example.com.yaml), files in the folder of a split zone, or such folders (example.com.)
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The TTL of records without one, as default_ttl of octoDNS's YamlProvider
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u32).range(0..=i64::from(i32::MAX)))]
    pub default_ttl: u32,
    /// A name server of zones that have no NS records; may stand several times
    #[arg(long = "name-server", value_name = "NAME", value_parser = name_server)]
    pub name_servers: Vec<String>,
    /// Where to, and how to tell.
    #[command(flatten)]
    pub to: ImportTo,
}

/// Flags of `import gdnsd`.
#[derive(Clone, Debug, Args)]
pub struct ImportGdnsdArgs {
    /// The file config, or the folder that it and the folder zones are in
    #[arg(value_name = "CONFIG|FOLDER")]
    pub from: PathBuf,
    /// Where to, and how to tell.
    #[command(flatten)]
    pub to: ImportTo,
}

/// Flags of all imports.
#[derive(Clone, Debug, Args)]
pub struct ImportTo {
    /// The folder of zones to write to; made if it is missing. No file is overwritten
    #[arg(long, value_name = "FOLDER")]
    pub to: PathBuf,
}

/// Reads the name of a name server, absolute or relative to whatever zone it is for.
fn name_server(text: &str) -> Result<String, String> {
    match Name::parse(text, &Name::root()) {
        Ok(name) if !name.is_root() && text.is_ascii() => Ok(text.into()),
        _ => {
            Err("expected the name of a name server: ns1.example.net., or ns1 within each zone"
                .into())
        }
    }
}
