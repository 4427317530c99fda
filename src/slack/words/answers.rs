//! What the one who acted hears.

use super::{ANSWERED, NAME, code, headline, mentions, standing, state, target_list, written};
use crate::engine::EngineError;
use crate::ids::RequestId;
use crate::lifecycle::{Answer, Refusal, Request, StateWord};
use crate::policy::{People, Reason};
use crate::slack::command::{CommandError, WORDS};
use crate::slack::text::{date, inline, list, name, one_line, unescape};
use crate::time::Span;

/// What the one who acted hears.
#[must_use]
pub fn answer(people: &People, answer: &Answer) -> String {
    match answer {
        Answer::Submitted { request, asked } if asked.is_empty() => format!(
            "{} is written down, but nobody can be asked to approve it. The operators were told.",
            code(*request)
        ),
        Answer::Submitted { request, asked } => format!(
            "{} is on its way: {} can approve it. You hear from me when it is decided.",
            code(*request),
            list(&mentions(people, asked), 10)
        ),
        Answer::ConfirmationWanted { request, from } => format!(
            "{} waits for {}: nobody is asked to approve it before they confirm. You hear from me what becomes of it.",
            code(*request),
            inline(&name(people, from), NAME)
        ),
        Answer::Granting { request, shortened } => {
            format!(
                "{} is approved in full{}. The access is being granted.",
                code(*request),
                less(*shortened)
            )
        }
        Answer::Scheduled { request, starts_at, shortened } => {
            format!(
                "{} is approved in full{} and starts {}.",
                code(*request),
                less(*shortened),
                date(*starts_at)
            )
        }
        Answer::Counted { request, have, need } => {
            format!("Your approval of {} counts: {have} of {need}. It needs more.", code(*request))
        }
        Answer::Held { request, targets } => format!(
            "{} is approved in full, but held: an earlier revocation on {} is stuck. It goes on when that is settled.",
            code(*request),
            target_list(targets)
        ),
        Answer::Applied { request, parent, expires_at } => {
            format!("{} took effect: {} now ends {}.", code(*request), code(*parent), date(*expires_at))
        }
        Answer::Questioned { request } => format!(
            "Your question about {} is on its way. The answer comes into the thread, and I tell you there.",
            code(*request)
        ),
        Answer::Replied { request, to } => format!(
            "Your answer about {} is in the approvers' thread, and {} is told.",
            code(*request),
            inline(&name(people, to), NAME)
        ),
        Answer::Denied { request } => {
            format!("{} is denied. The requester hears your reason.", code(*request))
        }
        Answer::Withdrawn { request } => format!("{} is withdrawn.", code(*request)),
        Answer::Ending { request } => {
            format!("{} is ending. You hear from me when it was seen gone.", code(*request))
        }
        Answer::Reveal { request } => format!("The credential of {} opens in a window.", code(*request)),
        Answer::AlreadyRevealed { request, at } => format!(
            "The credential of {} was shown {}, and it is shown once only. If it was not you who saw it, release the \
             access now and tell security. If you lost it, release the access and ask again.",
            code(*request),
            date(*at)
        ),
        Answer::Redacted { request, number } => {
            format!("The words of remark {number} on {} are gone.", code(*request))
        }
        Answer::Drilled { request, took } => super::answer_drilled(*request, *took),
        Answer::Reviewed { request, found } => super::answer_reviewed(*request, *found),
        Answer::Noted => "Written down.".to_owned(),
        Answer::Refused(refusal) => refused(refusal),
    }
}

fn less(shortened: Option<Span>) -> String {
    shortened.map(|span| format!(", for {}", span.words())).unwrap_or_default()
}

/// Why not.
#[must_use]
pub fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Rules(reasons) => {
            let lines: Vec<String> =
                reasons.iter().take(10).map(|r| format!("\n• {}", reason_line(r))).collect();
            let hidden = reasons.len().saturating_sub(10);
            let more = if hidden > 0 { format!("\n• … and {hidden} more") } else { String::new() };
            format!("Not possible, and nothing was changed:{}{more}", lines.concat())
        }
        Refusal::Settled { request, state: word, by, at } => {
            let by = by.as_ref().map(|by| format!(" by {}", inline(by, NAME))).unwrap_or_default();
            let at = at.map(|at| format!(" {}", date(at))).unwrap_or_default();
            let last = match word {
                StateWord::Denied | StateWord::Withdrawn | StateWord::Lapsed => format!("{by}{at}"),
                StateWord::Pending
                | StateWord::Scheduled
                | StateWord::Granting
                | StateWord::Active
                | StateWord::Revoking
                | StateWord::Revoked
                | StateWord::Applied => {
                    if by.is_empty() {
                        String::new()
                    } else {
                        format!(" (approved{by}{at})")
                    }
                }
            };
            format!("That is not possible now: {} is {}{last}.", code(*request), state(*word))
        }
        Refusal::NotYours { request } => format!("Only the requester of {} may do that.", code(*request)),
        Refusal::Unconfirmed { request } => format!(
            "{} was asked for somebody who has not confirmed it yet; until then there is nothing to decide.",
            code(*request)
        ),
        Refusal::MayNotRevoke { request } => format!(
            "Only an approver of {}, an owner of the app or an operator may take that access.",
            code(*request)
        ),
        Refusal::NoSuchRequest { request } => {
            format!("There is no request {}. Look for the right one with `/jit list`.", code(*request))
        }
        Refusal::NoOpenQuestion { request } => format!(
            "No such question about {} waits for an answer: it was answered, or there is none.",
            code(*request)
        ),
        Refusal::NoSuchRemark { request, number } => {
            format!("There is no remark {number} on {}.", code(*request))
        }
        Refusal::NoCredential { request } => format!(
            "There is no credential to show for {}: none was issued, or it was erased when it had been shown.",
            code(*request)
        ),
        Refusal::NothingToAttest { request } => format!(
            "There is nothing to attest for {}: the step can be read back, or is not being revoked.",
            code(*request)
        ),
        Refusal::NoReviewOwed { request } => {
            format!("No review of {} waits: it was done, or none was owed.", code(*request))
        }
        Refusal::NoLockdown { request } => format!("No lockdown of {} stands.", code(*request)),
        Refusal::SecondOperatorNeeded { request } => {
            format!(
                "Your waiver for {} is written down. A second operator must waive it too.",
                code(*request)
            )
        }
        Refusal::UnknownPerson { account } => super::unknown_account(account),
        Refusal::NotAnOperator { login } => {
            format!("Only an operator may do that, and {} is none.", inline(login, NAME))
        }
        Refusal::NotInFlight => "That was not under way, so nothing was changed.".to_owned(),
    }
}

/// One reason: what it saw, what would satisfy it, which rule it is.
#[must_use]
pub fn reason_line(reason: &Reason) -> String {
    format!(
        "{}; it needs: {} _({})_",
        written(&reason.saw, ANSWERED),
        written(&reason.wants, ANSWERED),
        written(&reason.rule, ANSWERED)
    )
}

/// The same at a field of a form. Plain.
#[must_use]
pub fn reason_plain(reason: &Reason) -> String {
    format!(
        "{}; it needs: {} ({})",
        one_line(&reason.saw, ANSWERED),
        one_line(&reason.wants, ANSWERED),
        one_line(&reason.rule, ANSWERED)
    )
}

/// A sentence for where markup is shown as it is: without code marks and escapes, and with times in UTC. Plain.
#[must_use]
pub fn unmarked(sentence: &str) -> String {
    let mut out = String::new();
    let mut rest = sentence;
    while let Some((before, token)) = rest.split_once('<') {
        let (token, after) = token.split_once('>').unwrap_or((token, ""));
        out.push_str(before);
        out.push_str(token.rsplit('|').next().unwrap_or_default());
        rest = after;
    }
    out.push_str(rest);
    unescape(&out.replace(['`', '*'], "").replace("_(", "(").replace(")_", ")"))
}

/// The engine gave no answer.
#[must_use]
pub fn engine_failed(error: &EngineError) -> String {
    match error {
        EngineError::Stopped => "Jitney is stopping. Nothing was changed; try again in a minute.".to_owned(),
        EngineError::Store(_) => {
            "Jitney can't write to its database. Nothing was changed; the operators can see why in the log."
                .to_owned()
        }
    }
}

/// A button of another version of ours.
#[must_use]
pub fn unknown_button() -> String {
    "I do not know this button: it is of another version of mine. Nothing was changed; use `/jit list`."
        .to_owned()
}

/// Something came that could not be read.
#[must_use]
pub fn unreadable() -> String {
    "I could not read what Slack sent me of that. Nothing was changed; try again.".to_owned()
}

/// What there is to type.
#[must_use]
pub fn help(command: &str) -> String {
    let jit = inline(command, 40);
    format!(
        "*`{jit}`* asks for access that ends by itself.\n\
         • `{jit}`: everything that you may ask for\n\
         • `{jit} request read billing for 2h because the replica lags, INC-42`: the form, filled in; any order will \
         do, and the role that gives least comes first\n\
         • `{jit} emergency billing/write because the site is down, INC-42`: access at once, without approval; security \
         is told, and it is reviewed. `{jit} emergency drill …` is all of it but the access\n\
         • `{jit} request read billing from tomorrow 9:00 for 4h because …`: for later; `until fri 17:00` works, too\n\
         • `{jit} request read billing for @ben for 2h because …`: for somebody else, who confirms it first\n\
         • `{jit} again`, `{jit} again billing`: the form as you sent it the last time\n\
         • `{jit} list`: what you have and what waits\n\
         • `{jit} status`, `{jit} status R1042`: where a request stands\n\
         • `{jit} extend for 1h because the import still runs`: asks for more time; with an id where you have several\n\
         • `{jit} release`, `{jit} release R1042`: gives access back\n\
         • `{jit} why billing/write`: whether you may have a role, and by which rule; `{jit} why R1042`: who decided \
         what about a request; alone, why you were last refused\n\
         • `{jit} revoke @ann billing/read because she moved teams`: takes access, for owners and approvers; alone, it \
         lists what you may take\n\
         • `{jit} away until fri 18:00 to @ben`: who is asked to approve in your place; `{jit} away` shows it, `{jit} away \
         off` ends it\n\
         In a message's menu, *Request access for this* puts its link into the reason."
    )
}

/// What was not understood, what comes near, and one example.
#[must_use]
pub fn not_understood(command: &str, error: &CommandError) -> String {
    let jit = inline(command, 40);
    match error {
        CommandError::UnknownWord { word, nearest } => {
            let word = inline(word, 60);
            match nearest {
                Some(nearest) => format!(
                    "I do not know `{word}`. Did you mean `{nearest}`? For example: `{jit} {}`",
                    example(nearest)
                ),
                None => format!(
                    "I do not know `{word}`. I know {}. For example: `{jit} {}`",
                    list(&WORDS.map(str::to_owned), WORDS.len()),
                    example("request")
                ),
            }
        }
        CommandError::RequestId { word, text } => format!(
            "`{}` is not the id of a request. For example: `{jit} {}`",
            inline(text, 60),
            example(word)
        ),
        CommandError::Person { word, text } => format!(
            "`{}` is not a person that Slack told me of: type `@` and choose from its list. For example: `{jit} {}`",
            inline(text, 60),
            example(word)
        ),
        CommandError::Role { word } => {
            format!("`{word}` needs a role. For example: `{jit} {}`", example(word))
        }
        CommandError::TooLong => format!("That is too long for a command. `{jit}` alone opens the form."),
    }
}

fn example(word: &str) -> &'static str {
    match word {
        "emergency" => "emergency billing/write because the site is down, INC-42",
        "list" => "list",
        "status" => "status R1042",
        "extend" => "extend R1042 for 1h because the import still runs",
        "release" => "release R1042",
        "revoke" => "revoke @ann billing/read because she moved teams",
        "why" => "why billing/write",
        "away" => "away until fri 18:00 to @ben",
        "again" => "again",
        "help" => "help",
        _ => "request read billing for 2h because the replica lags",
    }
}

/// The form did not open.
#[must_use]
pub fn form_failed() -> String {
    "Slack did not open the form in time. Nothing was changed; try again.".to_owned()
}

/// Nothing to list.
#[must_use]
pub fn list_empty(command: &str) -> String {
    format!("You have asked for nothing so far. `{}` opens the form.", inline(command, 40))
}

/// The list's `text`. Plain.
#[must_use]
pub fn list_text(count: usize) -> String {
    if count == 1 {
        "Your one request.".to_owned()
    } else {
        format!("Your last {count} requests, open ones first.")
    }
}

/// What the list leaves out.
#[must_use]
pub fn list_more(hidden: usize) -> String {
    format!("and {hidden} more. My home tab shows what is open.")
}

/// None of theirs is open.
#[must_use]
pub fn nothing_open(command: &str) -> String {
    format!("None of your requests is open. `{} list` shows those that are over.", inline(command, 40))
}

/// They have no active access.
#[must_use]
pub fn nothing_active() -> String {
    "You have no active access, so there is nothing to extend and nothing to give back.".to_owned()
}

/// There is nothing that they may take.
#[must_use]
pub fn nothing_to_take() -> String {
    "Nobody has access that you may take. Owners of an app and approvers of a role may take access to it; operators take \
     any on the command line."
        .to_owned()
}

/// Several fit.
#[must_use]
pub fn which_one(count: usize) -> String {
    format!("{count} fit: which one?")
}

/// One line of the list.
#[must_use]
pub fn list_line(request: &Request) -> String {
    let (emoji, word) = headline(request);
    format!(
        "{emoji} *{word}* · {} {} · {}",
        code(request.id),
        inline(&request.title(), NAME),
        standing(request)
    )
}

/// It was shown perhaps, perhaps not.
#[must_use]
pub fn reveal_unknown(request: RequestId) -> String {
    format!(
        "Slack did not say whether it showed you the credential of {}, so it counts as shown. If you did not see it, \
         release the access and ask again.",
        code(request)
    )
}

/// It was not shown.
#[must_use]
pub fn reveal_refused(request: RequestId) -> String {
    format!(
        "Slack refused to show the credential of {}, so nobody saw it. Press Reveal again.",
        code(request)
    )
}

/// It could not be read.
#[must_use]
pub fn reveal_unreadable(request: RequestId) -> String {
    format!(
        "The credential of {} could not be read, so nobody saw it. The operators can see why in the log; you can \
         release the access and ask again.",
        code(request)
    )
}
