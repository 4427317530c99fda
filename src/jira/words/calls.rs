//! What operators read of a call to Jira that failed.

use crate::jira::adf::tame;

/// What a call to Jira was for, in messages to operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::jira) enum Doing {
    Opening,
    Searching,
    Commenting,
    Listing,
    Deleting,
    Linking,
    Moving,
    LookingUp,
    LookingAt,
    Checking,
}

impl Doing {
    pub(in crate::jira) const fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "make the issue",
            Self::Searching => "search for the issue",
            Self::Commenting => "comment on the issue",
            Self::Listing => "list the comments of the issue",
            Self::Deleting => "delete a doubled comment",
            Self::Linking => "link the issue",
            Self::Moving => "move the issue",
            Self::LookingUp => "look up an account",
            Self::LookingAt => "look at a ticket that somebody named",
            Self::Checking => "check the account and the project",
        }
    }
}

/// What an operator reads when Jira says no, with what to do about it.
pub(in crate::jira) fn jira_said_no(status: u16, doing: Doing, complaint: &str) -> String {
    let advice = match (status, doing) {
        (401, _) => "check the account's e-mail and its API token, which may have run out",
        (403, _) => "give Jitney's account the permission for it in the project",
        (404, Doing::Opening) => "check the base address, and that Jitney's account may see the project",
        (404, _) => {
            "the issue was deleted, or Jitney's account may no longer see it: restore it or the permission"
        }
        (400, Doing::Opening) => "check the project, the issue type and the fields that its screens demand",
        (300..=399, _) => "check the base address: it leads elsewhere",
        _ => "see what Jira said",
    };
    let said = tame(complaint, 300);
    let said = if said.is_empty() { "nothing more".to_owned() } else { format!("\"{said}\"") };
    format!("jira refused to {} with {status} and said {said}; {advice}", doing.as_str())
}
