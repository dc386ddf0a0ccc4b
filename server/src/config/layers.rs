//! Lays settings from a file, the environment and the command line over the defaults.
//!
//! Invariant: only keys that the defaults have, with the type that they have there, get through; a misspelt name is
//! an error and never silently ignored.

use std::path::Path;

use toml::{Table, Value};

use super::{ConfigError, Sources};

/// Names the configuration file when the command line does not.
const FILE_VARIABLE: &str = "WEFT_CONFIG";
/// Variables with these beginnings belong to the tests and tools; whoever has them set may start a server all the same.
const FOREIGN: [&str; 4] = ["WEFT_BIN", "WEFT_SEED", "WEFT_TEST_", "WEFT_URL"];

/// The `WEFT_…` variables of a process.
#[derive(Debug, Clone, Default)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// Reads the environment of this process. Text that is not Unicode is replaced, and then refused by the checks.
    pub fn of_process() -> Self {
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        std::env::vars_os()
            .map(|(name, value)| (lossy(name), lossy(value)))
            .collect()
    }

    fn file(&self) -> Option<&Path> {
        self.0
            .iter()
            .find(|(name, _)| name == FILE_VARIABLE)
            .map(|(_, value)| Path::new(value.as_str()))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        let ours =
            |name: &str| name.starts_with("WEFT_") && !FOREIGN.iter().any(|start| name.starts_with(start));
        Self(variables.into_iter().filter(|(name, _)| ours(name)).collect())
    }
}

/// One value for one key, and where it was found.
#[derive(Debug, Clone)]
pub struct Setting {
    section: String,
    key: String,
    value: Input,
    source: String,
}

#[derive(Debug, Clone)]
enum Input {
    /// From TOML, with a type of its own.
    Typed(Value),
    /// From the environment or the command line: read as the type that the default has.
    Text(String),
}

impl Setting {
    /// The setting `section.key` from `source` (a flag's name), still as text.
    pub fn from_flag(section: &str, key: &str, text: impl Into<String>, source: &str) -> Self {
        Self {
            section: section.to_owned(),
            key: key.to_owned(),
            value: Input::Text(text.into()),
            source: source.to_owned(),
        }
    }

    /// Reads `section.key=value`, the form of `--set`.
    pub fn parse(assignment: &str) -> Option<Self> {
        let (path, text) = assignment.split_once('=')?;
        let (section, key) = path.trim().split_once('.')?;
        Some(Self::from_flag(section, key, text.trim(), "--set"))
    }
}

/// The variable that sets `section.key`: `server.listen` is `WEFT_LISTEN`, `storage.database_url` is
/// `WEFT_DATABASE_URL`, `limits.max_sockets` is
/// `WEFT_LIMITS_MAX_SOCKETS`.
pub(super) fn variable(section: &str, key: &str) -> String {
    match section {
        "server" | "storage" => format!("WEFT_{}", key.to_uppercase()),
        _ => format!("WEFT_{}_{}", section.to_uppercase(), key.to_uppercase()),
    }
}

/// The defaults with every source laid over them, in order.
pub(super) fn merge(defaults: &str, sources: &Sources) -> Result<Table, ConfigError> {
    let mut table: Table = defaults
        .parse()
        .map_err(|source| ConfigError::Value(Box::new(source)))?;
    let mut problems = Vec::new();
    let mut settings = Vec::new();
    if let Some(path) = sources.file.as_deref().or_else(|| sources.environment.file()) {
        settings.extend(from_file(path, &mut problems)?);
    }
    settings.extend(from_environment(&sources.environment, &table, &mut problems));
    settings.extend(sources.flags.iter().cloned());
    for setting in settings {
        if let Err(problem) = apply(&mut table, setting) {
            problems.push(problem);
        }
    }
    if problems.is_empty() {
        Ok(table)
    } else {
        Err(ConfigError::Problems(problems))
    }
}

fn from_file(path: &Path, problems: &mut Vec<String>) -> Result<Vec<Setting>, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let table: Table = text.parse().map_err(|source| ConfigError::Malformed {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    let source = path.display().to_string();
    let mut settings = Vec::new();
    for (section, content) in table {
        let Value::Table(content) = content else {
            problems.push(format!(
                "`{section}` in {source} stands outside of a section such as [server]"
            ));
            continue;
        };
        settings.extend(content.into_iter().map(|(key, value)| Setting {
            section: section.clone(),
            key,
            value: Input::Typed(value),
            source: source.clone(),
        }));
    }
    Ok(settings)
}

fn from_environment(environment: &Environment, defaults: &Table, problems: &mut Vec<String>) -> Vec<Setting> {
    let keys: Vec<_> = keys(defaults)
        .map(|(section, key)| (variable(section, key), section, key))
        .collect();
    let mut settings = Vec::new();
    for (name, value) in environment.0.iter().filter(|(name, _)| name != FILE_VARIABLE) {
        match keys.iter().find(|(variable, ..)| variable == name) {
            Some((_, section, key)) => settings.push(Setting::from_flag(section, key, value, name)),
            None => problems.push(unknown(
                &format!("the environment variable {name} is no setting"),
                name,
                keys.iter().map(|(variable, ..)| variable.clone()),
            )),
        }
    }
    settings
}

/// Each `section, key` of `table`.
pub(super) fn keys(table: &Table) -> impl Iterator<Item = (&str, &str)> {
    table
        .iter()
        .filter_map(|(section, content)| Some((section, content.as_table()?)))
        .flat_map(|(section, content)| content.keys().map(move |key| (section.as_str(), key.as_str())))
}

fn apply(table: &mut Table, setting: Setting) -> Result<(), String> {
    let path = format!("{}.{}", setting.section, setting.key);
    let candidates: Vec<String> = keys(table)
        .map(|(section, key)| format!("{section}.{key}"))
        .collect();
    let slot = table
        .get_mut(&setting.section)
        .and_then(|section| section.get_mut(&setting.key))
        .ok_or_else(|| {
            unknown(
                &format!("`{path}` ({}) is no setting", setting.source),
                &path,
                candidates.into_iter(),
            )
        })?;
    let value = match setting.value {
        Input::Typed(value) => Some(value).filter(|value| value.same_type(slot)),
        Input::Text(text) => parse_as(slot, &text),
    };
    // The value itself is not repeated: it might be a secret.
    let value = value.ok_or_else(|| format!("`{path}` ({}) must be {}", setting.source, expected(slot)))?;
    if value.as_integer().is_some_and(i64::is_negative) {
        return Err(format!("`{path}` ({}) must not be negative", setting.source));
    }
    *slot = value;
    Ok(())
}

fn parse_as(like: &Value, text: &str) -> Option<Value> {
    match like {
        Value::Integer(_) => text.trim().replace('_', "").parse().ok().map(Value::Integer),
        Value::Boolean(_) => match text.trim() {
            "true" | "1" => Some(Value::Boolean(true)),
            "false" | "0" => Some(Value::Boolean(false)),
            _ => None,
        },
        Value::Array(members) => {
            // What the members are, a default that has some tells; lists that are empty without a word are of texts.
            let text_like = Value::String(String::new());
            let like = members.first().unwrap_or(&text_like);
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            let parsed: Option<Vec<Value>> = parts.map(|part| parse_as(like, part)).collect();
            parsed.map(Value::Array)
        }
        _ => Some(Value::String(text.to_owned())),
    }
}

fn expected(like: &Value) -> &'static str {
    match like {
        Value::Integer(_) => "a whole number",
        Value::Boolean(_) => "true or false",
        Value::Array(members) if members.first().is_some_and(Value::is_integer) => {
            "a list of whole numbers with commas between"
        }
        Value::Array(_) => "a list of texts",
        _ => "a text",
    }
}

fn unknown(message: &str, name: &str, candidates: impl Iterator<Item = String>) -> String {
    let nearest = candidates
        .map(|candidate| (strsim::damerau_levenshtein(&candidate, name), candidate))
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((distance, candidate)) if distance <= 4 => format!("{message}; did you mean {candidate}?"),
        _ => message.to_owned(),
    }
}
