//! What a configuration says, and what is said of a bad one.

use std::path::Path;

use secrecy::ExposeSecret;

use super::*;
use crate::policy::Fact;

const EXAMPLE: &str = include_str!("../../jitney.example.toml");

fn parse(text: &str) -> Result<Config, Vec<Issue>> {
    Config::parse("jitney.toml", text, Path::new("/srv/jitney"), &Environment::default())
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::new(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

fn said(issues: &[Issue]) -> String {
    list(issues)
}

#[test]
fn the_example_parses_and_its_paths_stand_beside_it() {
    let config = parse(EXAMPLE).unwrap();
    assert_eq!(config.server.database, Path::new("/srv/jitney/jitney.db"));
    assert_eq!(config.directory.file, Path::new("/srv/jitney/people.toml"));
    assert_eq!(config.slack.api_url.as_str(), "https://slack.com/api");
    assert_eq!(config.limits, Limits::default());
    assert!(!config.targets.is_empty());
}

#[test]
fn a_channel_gets_three_messages_at_once_unless_it_may_get_more() {
    assert_eq!(parse(EXAMPLE).unwrap().slack.burst, 3);
    assert!(!parse(EXAMPLE).unwrap().slack.bind_by_email);
    let with = |burst: &str| EXAMPLE.replace("team_id ", &format!("burst = {burst}\nteam_id "));
    assert_eq!(parse(&with("50")).unwrap().slack.burst, 50);
    let refused = said(&parse(&with("0")).unwrap_err());
    assert!(refused.contains("burst"), "{refused}");
}

#[test]
fn every_issue_is_found_at_once() {
    let text = r##"
[server]
databse = "jitney.db"
socket = 7

[directory]
max_age = "soon"

[slack]
api_url = "http://slack.example.com/api"
team_id = "T0123456789"
approvals_channel = "#access"

[jira]
base_url = "example.atlassian.net"
email = ""
project = "acc"
tokenfile = "jira.token"

[jira.transitions]
granted = "In Progress"
active = 3

[targets]
loose = "htpasswd"

[targets.Billing]
adapter = "htpasswd"

[targets.wiki]
file = "/srv/wiki/htpasswd"

[limits]
open_requests_per_person = 0

[servers]
"##;
    insta::assert_snapshot!(said(&parse(text).unwrap_err()));
}

#[test]
fn a_broken_text_is_reported_where_it_breaks() {
    insta::assert_snapshot!(said(&parse("[server]\ndatabase = \"x\n\n[slack\n").unwrap_err()));
}

#[test]
fn an_empty_text_says_which_sections_to_write() {
    insta::assert_snapshot!(said(&parse("").unwrap_err()));
}

#[test]
fn the_environment_goes_before_the_file() {
    let environment = environment(&[
        ("JITNEY_DATABASE", "/data/jitney.db"),
        ("JITNEY_SLACK_API_URL", "http://127.0.0.1:9000/api/"),
        ("HOME", "/root"),
    ]);
    let config = Config::parse("jitney.toml", EXAMPLE, Path::new("."), &environment).unwrap();
    assert_eq!(config.server.database, Path::new("/data/jitney.db"));
    assert_eq!(config.slack.api_url.as_str(), "http://127.0.0.1:9000/api");
}

#[test]
fn a_misspelt_variable_is_an_issue() {
    let environment =
        environment(&[("JITNEY_DATABSE", "x"), ("JITNEY_JIRA_BASE_URL", "http://jira.example.com")]);
    let issues = Config::parse("jitney.toml", EXAMPLE, Path::new("."), &environment).unwrap_err();
    insta::assert_snapshot!(said(&issues));
}

#[test]
fn targets_keep_what_only_their_adapter_understands() {
    let text = format!(
        "{EXAMPLE}\n[targets.deep]\nadapter = \"x\"\nports = [1, 2]\ntls = {{ on = true, at = 0.5 }}\n"
    );
    let config = parse(&text).unwrap();
    let deep = &config.targets[&TargetId::new("deep").unwrap()];
    assert_eq!(deep.adapter, "x");
    assert_eq!(
        Value::Object(deep.settings.clone()),
        serde_json::json!({"ports": [1, 2], "tls": {"on": true, "at": 0.5}})
    );
    assert!(deep.place.line > 1);
}

#[test]
fn addresses_that_would_carry_a_token_in_the_clear_are_refused() {
    for (text, ok) in [
        ("https://slack.com/api", true),
        ("http://localhost:9/api", true),
        ("http://[::1]:9", true),
        ("http://127.0.0.1", true),
        ("http://127.0.0.1.example.com", false),
        ("http://localhost@example.com", false),
        ("ftp://example.com", false),
        ("https://", false),
        ("https://a b", false),
        ("https://example.com/?x", false),
    ] {
        assert_eq!(text.parse::<BaseUrl>().is_ok(), ok, "{text}");
    }
}

#[test]
fn a_missing_token_names_its_variable_and_its_key() {
    let mut config = parse(EXAMPLE).unwrap();
    config.slack.app_token_file = None;
    config.slack.bot_token_file = None;
    config.jira.token_file = None;
    let environment = environment(&[("JITNEY_SLACK_BOT_TOKEN", "xoxb-secret")]);
    insta::assert_snapshot!(said(&Secrets::load(&config, &environment).unwrap_err()));
}

#[test]
fn secrets_are_never_shown() {
    let config = parse(EXAMPLE).unwrap();
    let environment = environment(&[
        ("JITNEY_SLACK_APP_TOKEN", "xapp-very-secret"),
        ("JITNEY_SLACK_BOT_TOKEN", "xoxb-very-secret"),
        ("JITNEY_JIRA_TOKEN", "very-secret"),
    ]);
    let secrets = Secrets::load(&config, &environment).unwrap();
    let shown = format!("{environment:?} {secrets:?}");
    assert!(!shown.contains("very-secret"), "{shown}");
    assert_eq!(secrets.jira_token.expose_secret(), "very-secret");
}

#[test]
fn a_workspace_an_organisation_or_both_may_be_named() {
    let team = EXAMPLE.lines().find(|line| line.starts_with("team_id")).unwrap();
    for (written, ids, bound) in [
        ("team_id = \"T1\"", (Some("T1"), None), false),
        ("team_id = \"T1\"\nenterprise_id = \"E1\"", (Some("T1"), Some("E1")), false),
        ("enterprise_id = \"E1\"\nbind_by_email = true", (None, Some("E1")), true),
    ] {
        let slack = parse(&EXAMPLE.replace(team, written)).unwrap().slack;
        let found =
            (slack.team_id.as_ref().map(SlackId::as_str), slack.enterprise_id.as_ref().map(SlackId::as_str));
        assert_eq!((found, slack.bind_by_email), (ids, bound), "{written}");
    }
    for (written, says) in [
        ("", "`slack.team_id` is missing"),
        ("team_id = \"E1\"", "`slack.team_id` begins with T"),
        ("enterprise_id = \"T1\"", "`slack.enterprise_id` begins with E"),
        ("team_id = \"T1\"\nbind_by_email = \"yes\"", "`slack.bind_by_email` must be `true` or `false`"),
    ] {
        let issues = parse(&EXAMPLE.replace(team, written)).unwrap_err();
        assert!(issues[0].message.contains(says), "{written}: {issues:?}");
    }
}

#[test]
fn schedules_have_a_service_an_id_and_a_token() {
    let table =
        "[oncall.payments]\nservice = \"pagerduty\"\nschedule = \"PI7DH85\"\ntoken_file = \"pd.token\"\n";
    let other =
        "[oncall.web]\nservice = \"opsgenie\"\nschedule = \"d875-x\"\nbase_url = \"http://127.0.0.1:9/\"\n";
    let config = parse(&format!("{EXAMPLE}{table}{other}")).unwrap();
    let [payments, web] = ["payments", "web"].map(|name| &config.on_call[&name.parse().unwrap()]);
    assert_eq!(payments.base_url.as_str(), "https://api.pagerduty.com");
    assert_eq!(payments.token_file.as_deref(), Some(Path::new("/srv/jitney/pd.token")));
    assert_eq!((web.schedule.as_str(), web.base_url.as_str()), ("d875-x", "http://127.0.0.1:9"));

    let none = said(&load_schedules(&config, &environment(&[("JITNEY_PAGERDUTY_TOKEN", "pd")])).unwrap_err());
    assert!(none.contains("JITNEY_OPSGENIE_TOKEN") && none.contains("oncall.web.token_file"), "{none}");
    let both = environment(&[("JITNEY_PAGERDUTY_TOKEN", "very-pd"), ("JITNEY_OPSGENIE_TOKEN", "very-og")]);
    let schedules = load_schedules(&config, &both).unwrap();
    assert_eq!(schedules[0].token.expose_secret(), "very-pd");
    assert!(!format!("{schedules:?}").contains("very-"));

    for (text, wanted) in [
        ("[oncall.web]\nservice = \"pager\"\nschedule = \"x\"\n", "write one of pagerduty, opsgenie"),
        ("[oncall.web]\nservice = \"pagerdtuy\"\nschedule = \"x\"\n", "did you mean `pagerduty`?"),
        ("[oncall.web]\nservice = \"opsgenie\"\n", "`oncall.web.schedule` is missing"),
        ("[oncall.web]\nservice = \"opsgenie\"\nschedule = \"The web team\"\n", "not its name"),
        ("[oncall.Web]\nservice = \"opsgenie\"\nschedule = \"x\"\n", "the name of an on-call schedule"),
        ("[oncall.web]\nservice = \"opsgenie\"\nschedul = \"x\"\n", "did you mean `schedule`?"),
        ("[oncall]\nweb = \"opsgenie\"\n", "`oncall.web` must be a table"),
    ] {
        let issues = said(&parse(&format!("{EXAMPLE}{text}")).unwrap_err());
        assert!(issues.contains(wanted), "{text}: {issues}");
    }
}

#[test]
fn sources_of_facts_say_what_they_are_and_what_they_give() {
    let with = |table: &str| parse(&format!("{EXAMPLE}\n[directory.sources.hr]\n{table}\n"));
    let source = |table: &str| with(table).map(|config| config.directory.sources[0].clone());
    let profiles = source("slack = \"profiles\"\ndepartment_field = \"Xf0DEPT\"").unwrap();
    assert_eq!(profiles.kind, SourceKind::SlackProfiles { department_field: Some("Xf0DEPT".to_owned()) });
    assert_eq!(profiles.gives, [Fact::Active, Fact::Department, Fact::Title].into());
    let titles = source("slack = \"profiles\"").unwrap();
    assert_eq!(titles.gives, [Fact::Active, Fact::Title].into());
    let file = source("csv = \"hr.csv\"\ngives = [\"title\"]\nmax_age = \"2d\"").unwrap();
    assert_eq!(file.kind, SourceKind::Csv(Path::new("/srv/jitney/hr.csv").to_owned()));
    assert_eq!((file.gives, file.max_age), ([Fact::Title].into(), Span::days(2)));

    let mut told = String::new();
    for table in [
        "",
        "csv = \"hr.csv\"\ntoml = \"hr.toml\"",
        "slack = \"profile\"",
        "slack = \"profiles\"\ndepartment_field = \"Department\"",
        "slack = \"profiles\"\ndepartment_field = \"\"",
        "slack = \"profiles\"\ndepartment_field = 7",
        "slack = \"profiles\"\ndepartment_feild = \"Xf0DEPT\"",
        "slack = \"user_groups\"\ndepartment_field = \"Xf0DEPT\"",
        "csv = \"hr.csv\"\ngives = [\"title\"]\ndepartment_field = \"Xf0DEPT\"",
        "slack = \"profiles\"\ngives = [\"department\"]",
        "slack = \"profiles\"\ngives = [\"departments\"]",
        "slack = \"profiles\"\ngives = []",
        "csv = \"hr.csv\"\ngives = [\"title\"]\nmax_age = \"0s\"",
        "csv = \"hr.csv\"\ngives = [\"title\"]\nmax_age = \"soon\"",
        "csv = \"hr.csv\"\ngives = [\"title\"]\nsync = \"daily\"",
        "csv = \"hr.csv\"\ngives = [\"title\"]\n[directory.sources.badges]\ntoml = \"badges.toml\"\ngives = [\"title\"]",
        "csv = \"hr.csv\"\ngives = [\"title\"]\n[directory.sources.Badges]\ntoml = \"badges.toml\"",
    ] {
        let table = table.replace('\n', "\n    ");
        let issues = with(&table).map_or_else(|issues| said(&issues), |_| "nothing".to_owned());
        told += &format!("== {table}\n{issues}\n\n");
    }
    insta::assert_snapshot!(told);
}
