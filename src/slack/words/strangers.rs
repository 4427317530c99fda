//! What those hear who are not heard: why, and what to do next.

use super::NAME;
use crate::slack::identity::Stranger;
use crate::slack::text::inline;

/// The account is not heard.
#[must_use]
pub fn stranger(stranger: &Stranger) -> String {
    match stranger {
        Stranger::OtherTeam => {
            "I answer to people of my own workspace only, and your account is of another one. If you work here, write \
             to me from your account in this workspace."
                .to_owned()
        }
        Stranger::NoTeam => {
            "Slack did not tell me which workspace you are in, as it does where an app is installed for a whole \
             organisation, so I can do nothing for you. Ask an operator to set `slack.enterprise_id`, or to install me \
             in one workspace."
                .to_owned()
        }
        Stranger::Bot => {
            "I answer to people only, not to bots and apps. Ask from your own account.".to_owned()
        }
        Stranger::Unknown { account } => unknown_account(account),
        Stranger::Leaver => {
            "The directory says that you have left, so I can do nothing for you. If that is wrong, ask an operator \
             to look at your entry."
                .to_owned()
        }
        Stranger::Guest { account } => format!(
            "Your Slack account is a guest's, and I take no guest for somebody by their e-mail address. If you shall \
             ask for access here, {}.",
            ask_an_operator(account)
        ),
        Stranger::Deactivated => {
            "Slack says that your account is deactivated, so I can do nothing for you. Ask an admin of the workspace."
                .to_owned()
        }
        Stranger::Unconfirmed { account } => format!(
            "Slack has not confirmed the e-mail address of your account, so I can't know you by it. Confirm it in your \
             account's settings and try again in a few minutes, or {}.",
            ask_an_operator(account)
        ),
        Stranger::NoAddress { account } => format!(
            "Slack does not tell me an e-mail address of your account that I can know you by, so {}.",
            ask_an_operator(account)
        ),
        Stranger::UnknownAddress { account } => format!(
            "The directory has nobody with your Slack account or its e-mail address, so I can do nothing for you. If \
             you work here, {}.",
            ask_an_operator(account)
        ),
        Stranger::Pinned { account } => format!(
            "The directory names another Slack account for the person with your e-mail address, and that one goes \
             before yours. Use it; or, if this is your account now, {}.",
            ask_an_operator(account)
        ),
        Stranger::Taken { account } => format!(
            "Another Slack account is bound to your e-mail address already, or yours to another person, and neither \
             changes by itself. Use the account that you used before; or {}.",
            ask_an_operator(account)
        ),
        Stranger::Later => {
            "I could not ask Slack just now who you are. Nothing was changed; try again in a minute.".to_owned()
        }
    }
}

fn ask_an_operator(account: &str) -> String {
    format!(
        "ask an operator to write your account (`{}`) into your entry of the directory",
        inline(account, NAME)
    )
}

pub(super) fn unknown_account(account: &str) -> String {
    format!(
        "The directory has nobody with your Slack account (`{}`), so I can do nothing for you. Ask an operator to add \
         it to your entry.",
        inline(account, NAME)
    )
}
