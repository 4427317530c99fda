//! What messages say: to approvers, to security, to the requester.

use super::{
    ANSWERED, NAME, WRITTEN, asked_plain, bold, code, headline, remains_sentence, standing, target_list,
    written,
};
use crate::ids::{RequestId, TargetId};
use crate::lifecycle::{Kind, Request, Vote};
use crate::policy::{Capacity, TicketFound, TicketLook};
use crate::slack::text::{date, inline, list, one_line};
use crate::time::Timestamp;

/// The title of a ticket.
const SUMMARY: usize = 100;

/// For how long, as the card labels it.
pub const FOR: &str = "For";
/// When it starts, as the card labels it.
pub const STARTS: &str = "Starts";
/// How bad it is when it goes wrong, as the card labels it.
pub const RISK: &str = "Risk";
/// How many of how many approvals there are, as the card labels it.
pub const APPROVALS: &str = "Approvals";
/// The ticket that the access is for, as the card labels it.
pub const FOR_TICKET: &str = "For ticket";

/// The ticket that the requester named, with what was seen of it. `key` is a link already.
#[must_use]
pub fn named_ticket(key: &str, look: Option<&TicketLook>) -> String {
    let Some(look) = look else { return key.to_owned() };
    match &look.found {
        TicketFound::Seen(seen) => format!(
            "{key} {} · *{}* (as of {})",
            inline(&seen.summary, SUMMARY),
            inline(&seen.status, NAME),
            date(look.as_of)
        ),
        TicketFound::Missing => format!("{key} (there was no such ticket)"),
        TicketFound::Unanswered => format!("{key} (not looked at: Jira did not answer)"),
    }
}

/// The card's `text`: full sentences, for screen readers and notifications.
#[must_use]
pub fn card_text(request: &Request) -> String {
    let (_, word) = headline(request);
    format!(
        "{word}: {}, {} ({}); {}. Reason: {}.",
        inline(&request.requester.name, NAME),
        asked_plain(request),
        request.id,
        standing(request),
        written(&request.ask.justification, WRITTEN)
    )
}

/// A stage that is asked.
#[must_use]
pub fn approval_wanted(asked: &[String], have: u32, need: u32, from_fallback: bool) -> String {
    if asked.is_empty() {
        return ":warning: Nobody can be asked to approve this: the approvers and the fallback are empty. The \
                operators were told."
            .to_owned();
    }
    let whose = if need == 1 { "One of you decides".to_owned() } else { format!("It needs {need} of you") };
    let so_far = if have > 0 { format!("; {have} so far") } else { String::new() };
    let fallback = if from_fallback { " You are the fallback: nobody else could be asked." } else { "" };
    format!("{}: please approve or deny. {whose}{so_far}.{fallback}", list(asked, 20))
}

/// The same as `text`. Names instead of mentions.
#[must_use]
pub fn approval_wanted_text(request: &Request, asked: &[String]) -> String {
    let who = if asked.is_empty() {
        "Nobody can be asked".to_owned()
    } else {
        format!("{}: please approve or deny", list(asked, 20))
    };
    format!("{who}. {}: {} ({}).", inline(&request.requester.name, NAME), asked_plain(request), request.id)
}

/// Which of several stages.
#[must_use]
pub fn stage_of(stage: u32, stages: u32) -> String {
    if stages > 1 { format!("Stage {} of {stages}", stage + 1) } else { "Approval".to_owned() }
}

/// A stage that has its approvals. `voters` are names with times.
#[must_use]
pub fn stage_approved(stage: u32, stages: u32, voters: &[String]) -> String {
    format!(":white_check_mark: *{}*: given by {}.", stage_of(stage, stages), list(voters, 10))
}

/// Who approved while more are needed.
#[must_use]
pub fn approved_so_far(voters: &[String]) -> String {
    format!("approved so far by {}", list(voters, 10))
}

/// A voter with the time, and with what they allow when that is less than was asked.
#[must_use]
pub fn voter(vote: &Vote) -> String {
    let most = vote.at_most.map(|most| format!(" for {} at most", most.words())).unwrap_or_default();
    let capacity = vote.capacity.as_ref().map(capacity).unwrap_or_default();
    format!("{}{capacity} {}{most}", inline(&vote.name, NAME), date(vote.at))
}

/// In what capacity somebody approved, after their name.
#[must_use]
pub fn capacity(capacity: &Capacity) -> String {
    match capacity {
        Capacity::InPlaceOf { name, .. } => format!(" for {}", inline(name, NAME)),
        Capacity::OnCall { schedule } => format!(" (on call: {schedule})"),
    }
}

/// A stage that is over without its approvals, or not asked yet.
#[must_use]
pub fn stage_over(request: &Request) -> String {
    let (emoji, word) = headline(request);
    format!("{emoji} *{word}*: {}.", standing(request))
}

/// The same people are asked again.
#[must_use]
pub fn reminder(request: &Request, asked: &[String], since: Timestamp) -> String {
    format!(
        ":bell: {}: {} has waited for your decision since {}. The buttons are above.",
        list(asked, 20),
        code(request.id),
        date(since)
    )
}

/// Others are asked.
#[must_use]
pub fn escalation(request: &Request, asked: &[String], since: Timestamp) -> String {
    format!(
        ":bell: {}: nobody has decided on {} since {}, so you may now too. The buttons are above.",
        list(asked, 20),
        code(request.id),
        date(since)
    )
}

/// Who may approve has changed.
#[must_use]
pub fn anew(request: &Request, asked: &[String], since: Timestamp) -> String {
    format!(
        ":bell: {}: {} waits since {}, and you may decide it now. The buttons are above.",
        list(asked, 20),
        code(request.id),
        date(since)
    )
}

/// In the security channel: nobody is left who may decide.
#[must_use]
pub fn nobody_left(request: &Request) -> String {
    format!(
        ":warning: *Nobody can approve {}*: {} asked for {}, and the approvers and the fallback of its stage are empty \
         now. Put somebody into one of them, or withdraw it with `jitney request withdraw {}`.",
        code(request.id),
        inline(&request.requester.name, NAME),
        asked_plain(request),
        request.id
    )
}

/// The same, once somebody may decide again, or nobody has to.
#[must_use]
pub fn nobody_left_over(request: &Request) -> String {
    format!("{} could be approved by nobody for a while. Now: {}.", code(request.id), standing(request))
}

/// To the requester: nobody is left who may decide.
#[must_use]
pub fn dm_nobody_left(request: &Request) -> String {
    format!(
        ":warning: *Nobody can approve it now*: {}. The approvers and their fallback are empty; the operators were told. \
         It goes on when somebody may decide, and lapses otherwise.",
        bold(&request.title())
    )
}

/// A nudge that is answered.
#[must_use]
pub fn nudge_over(request: &Request) -> String {
    format!("This was answered; the card says where {} stands.", code(request.id))
}

/// The log's `text`.
#[must_use]
pub fn log_text(request: &Request, last: &str) -> String {
    format!("Log of {}. Last: {last}", request.id)
}

/// A revocation that is late.
#[must_use]
pub fn stuck(request: &Request, since: Timestamp) -> String {
    format!(
        ":rotating_light: *Action needed*: {} may still have {}. It should have ended; since {} it is late and not seen gone.",
        inline(&request.requester.name, NAME),
        bold(&request.title()),
        date(since)
    )
}

/// What holds a late revocation up, step by step.
#[must_use]
pub fn stuck_step(label: &str, error: Option<&str>, retry_at: Option<Timestamp>) -> String {
    let error = error.map_or_else(|| "no answer yet".to_owned(), |e| written(e, ANSWERED));
    let retry = retry_at.map(|at| format!("; next try {}", date(at))).unwrap_or_default();
    format!("• {}: {error}{retry}", inline(label, NAME))
}

/// What people can do about a late revocation.
#[must_use]
pub fn stuck_advice(request: RequestId, locked: &[TargetId]) -> String {
    let locked = if locked.is_empty() {
        String::new()
    } else {
        format!("Nothing new for this person on {} meanwhile. ", target_list(locked))
    };
    format!(
        "{locked}It is tried until it is seen gone. If you removed it by hand, run `jitney request attest {request}` on \
         the server; to lift the lockdown, `jitney request waive-lockdown {request}`."
    )
}

/// A late revocation that is over.
#[must_use]
pub fn stuck_over(request: &Request) -> String {
    let (emoji, word) = headline(request);
    format!(
        "{emoji} *{word}*: {} of {}; {}.",
        bold(&request.title()),
        inline(&request.requester.name, NAME),
        standing(request)
    )
}

/// A break-glass.
#[must_use]
pub fn glass(request: &Request) -> String {
    let (emoji, word) = headline(request);
    if request.kind.is_drill() {
        return format!(
            "{emoji} *{word}*: {} practised a break-glass for {} ({}). No target was asked.",
            inline(&request.requester.name, NAME),
            bold(&request.title()),
            request.ask.duration.words()
        );
    }
    format!(
        ":fire: *Break-glass*: {} took {} for {} without approval. {emoji} *{word}*: {}.",
        inline(&request.requester.name, NAME),
        bold(&request.title()),
        request.ask.duration.words(),
        standing(request)
    )
}

/// The access is there.
#[must_use]
pub fn dm_active(request: &Request, ends: Option<Timestamp>) -> String {
    let until = ends.map(|ends| format!(" until *{}*", date(ends))).unwrap_or_default();
    let asked = request.ask.duration.words();
    let less =
        request.shortened().map(|less| format!(" You asked for {asked}; {} was approved.", less.words()));
    let less = less.unwrap_or_default();
    format!(":large_green_circle: *Active*: you have {}{until}.{less}", bold(&request.title()))
}

/// The access ends soon.
#[must_use]
pub fn dm_warning(request: &Request, ends: Option<Timestamp>) -> String {
    let ends = ends.map_or_else(|| "soon".to_owned(), |ends| format!("*{}*", date(ends)));
    format!(":hourglass_flowing_sand: *Ends soon*: {} ends {ends}.", bold(&request.title()))
}

/// A message that a later state has overtaken, or one without anything else to say.
#[must_use]
pub fn dm_standing(request: &Request) -> String {
    let (emoji, word) = headline(request);
    format!("{emoji} *{word}*: {}; {}.", bold(&request.title()), standing(request))
}

/// Somebody else asked for them.
#[must_use]
pub fn dm_confirm(request: &Request, asked_by: &str) -> String {
    format!(
        ":raising_hand: *Is this for you?* {} asks for {} for you, for {}. Nobody decides on it before you say yes.",
        inline(asked_by, NAME),
        bold(&request.title()),
        request.ask.duration.words()
    )
}

/// Who asked for somebody else is told where it stands.
#[must_use]
pub fn dm_asker(request: &Request) -> String {
    let (emoji, word) = headline(request);
    format!(
        "{emoji} *{word}*: {} for {}, as you asked; {}.",
        bold(&request.title()),
        bold(&request.requester.name),
        standing(request)
    )
}

/// It was to start now, and a rule said no.
#[must_use]
pub fn dm_not_started(request: &Request, starts_at: Timestamp, reason: &str) -> String {
    format!(
        ":red_circle: *Could not start*: {}. It was approved and was to start {}, but by then: {}.",
        bold(&request.title()),
        date(starts_at),
        written(reason, WRITTEN)
    )
}

/// It ended.
#[must_use]
pub fn dm_ended(request: &Request, remains: &[String]) -> String {
    format!("{}{}", dm_standing(request), remains_sentence(remains))
}

/// More time.
#[must_use]
pub fn dm_extended(title: &str, grant: RequestId, ends: Timestamp) -> String {
    format!(":large_green_circle: *Extended*: {} ({}) now ends *{}*.", bold(title), code(grant), date(ends))
}

/// Where an issued credential is shown and used. Label and value.
#[must_use]
pub fn credential_facts(login: Option<&str>, used_at: Option<&str>) -> Vec<(&'static str, String)> {
    let login = login.map(|login| ("Login", inline(login, ANSWERED)));
    let used_at = used_at.map(|place| ("Where", place_or_link(place)));
    [login, used_at].into_iter().flatten().collect()
}

fn place_or_link(place: &str) -> String {
    let address =
        place.starts_with("https://") && !place.contains(['|', '<', '>']) && place.len() <= ANSWERED;
    let shown = inline(place, ANSWERED);
    if address && !shown.contains(' ') { format!("<{shown}>") } else { shown }
}

/// A message's `text` from its sentence: without emoji codes at its head, and without markup of ours.
#[must_use]
pub fn aloud(sentence: &str) -> String {
    let sentence = match sentence.strip_prefix(':').and_then(|rest| rest.split_once(": ")) {
        Some((emoji, rest)) if !emoji.contains(' ') => rest,
        Some(_) | None => sentence,
    };
    sentence.replace(['*', '`'], "")
}

/// That the credential waits.
#[must_use]
pub const fn reveal_once() -> &'static str {
    "A credential was made for you. Reveal shows it once, so be ready to use it or to keep it in a password manager."
}

/// What asks back before access is given up. Plain: title, text, yes, no.
#[must_use]
pub fn confirm_release(request: &Request) -> [String; 4] {
    [
        "Give this access back?".to_owned(),
        format!("You lose {} at once, and your sessions end.", one_line(&request.title(), NAME)),
        "Release".to_owned(),
        "Keep".to_owned(),
    ]
}

/// A button, aloud: `Approve R1042: Ann, Billing database · Read only`. Plain.
#[must_use]
pub fn spoken(verb: &str, request: &Request) -> String {
    let verb = verb.trim_end_matches('…');
    one_line(&format!("{verb} {}: {}, {}", request.id, request.requester.name, request.title()), 75)
}

/// Small print: the id and when it was asked.
#[must_use]
pub fn asked_at(request: &Request) -> String {
    format!("{} · asked {}", code(request.id), date(request.submitted_at))
}

/// How many approvals there are, of the stage that is asked or of all. Plain.
#[must_use]
pub fn approvals(have: usize, need: usize, stage: Option<(u32, u32)>) -> String {
    match stage {
        Some((stage, stages)) if stages > 1 => format!("{have} of {need} (stage {} of {stages})", stage + 1),
        Some(_) | None => format!("{have} of {need}"),
    }
}

/// No approvals are needed. Plain.
#[must_use]
pub const fn approvals_none(kind: Kind) -> &'static str {
    match kind {
        Kind::New | Kind::Extension { .. } => "none needed",
        Kind::BreakGlass => "none: reviewed afterwards",
        Kind::Drill { .. } => "none: a drill",
    }
}

/// For how long it is, or will be, given. Plain.
#[must_use]
pub fn given_for(request: &Request) -> String {
    let asked = request.ask.duration.words();
    match request.shortened() {
        Some(less) => format!("{} (asked: {asked})", less.words()),
        None => asked,
    }
}
