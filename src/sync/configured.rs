//! From the configuration to sources that can be asked.

use std::collections::BTreeSet;

use super::slack_source::{Profiles, UserGroups};
use crate::config::{Schedule, SourceKind, SourceTable};
use crate::directory::{FileSource, Format, Source};
use crate::policy::Fact;
use crate::slack::{SlackSettings, web::SetupError};
use crate::time::Span;

/// A source with what the configuration says of it.
pub struct Configured {
    /// Its name.
    pub name: String,
    /// What it is the authority for.
    pub gives: BTreeSet<Fact>,
    /// How old its facts may be for a decision.
    pub max_age: Span,
    /// When it is asked.
    pub sync: Schedule,
    /// It.
    pub source: Box<dyn Source>,
}

/// The sources of these tables.
///
/// # Errors
/// When Slack can't be reached by these settings.
pub fn configured(tables: &[SourceTable], slack: &SlackSettings) -> Result<Vec<Configured>, SetupError> {
    let make = |table: &SourceTable| -> Result<Configured, SetupError> {
        let source: Box<dyn Source> = match &table.kind {
            SourceKind::Csv(path) => Box::new(FileSource::new(path, Format::Csv, table.gives.clone())),
            SourceKind::Toml(path) => Box::new(FileSource::new(path, Format::Toml, table.gives.clone())),
            SourceKind::SlackProfiles { department_field } => {
                Box::new(Profiles::new(slack, department_field.clone())?)
            }
            SourceKind::SlackUserGroups => Box::new(UserGroups::new(slack)?),
        };
        Ok(Configured {
            name: table.name.clone(),
            gives: table.gives.clone(),
            max_age: table.max_age,
            sync: table.sync.clone(),
            source,
        })
    };
    tables.iter().map(make).collect()
}
