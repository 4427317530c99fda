//! `auth.test`, `users.*`, `usergroups.*`, and who is in which conversation.

use serde_json::{Value, json};

use super::api::{Answered, Call};
use super::rooms::Channel;
use super::settings::{APP, BOT, BOT_USER, Member, MemberKind, SLACKBOT, Settings, TEAM};
use super::world::World;

const PAGE: usize = 100;
const PAGE_MAX: usize = 1000;

pub(super) fn auth_test(_: &mut World, call: &Call<'_>) -> Answered {
    if call.args.token() == Some(call.settings.app_token.as_str()) {
        return Ok(json!({ "app_name": "Jitney", "app_id": APP }));
    }
    Ok(json!({
        "url": format!("http://{}/", call.host), "team": "Playground", "team_id": TEAM,
        "user": "jitney", "user_id": BOT_USER, "bot_id": BOT,
        "enterprise_id": call.settings.enterprise, "is_enterprise_install": call.settings.org_install,
    }))
}

pub(super) fn bot_info(_: &mut World, call: &Call<'_>) -> Answered {
    match call.args.text("bot") {
        // Without an argument Slack answers so too, with no bot in it.
        None => Ok(json!({})),
        Some(BOT) => Ok(json!({ "bot": {
            "id": BOT, "app_id": call.settings.bot_app, "user_id": BOT_USER, "name": "jitney", "deleted": false,
            "updated": 0, "icons": {},
        }})),
        Some(_) => Err("bot_not_found".into()),
    }
}

pub(super) fn user_info(world: &mut World, call: &Call<'_>) -> Answered {
    let id = call.need("user")?;
    let with_email = call.settings.scopes.contains("users:read.email");
    let bot = Member {
        id: BOT_USER.to_owned(),
        handle: "jitney".to_owned(),
        name: "Jitney".to_owned(),
        email: String::new(),
        email_confirmed: false,
        deactivated: false,
        kind: MemberKind::Bot,
    };
    let member = if id == BOT_USER { Some(&bot) } else { world.member(id) };
    Ok(json!({ "user": user(member.ok_or("user_not_found")?, with_email, call.settings) }))
}

pub(super) fn user_by_email(world: &mut World, call: &Call<'_>) -> Answered {
    let email = call.need("email")?;
    let found = world.settings.members.iter().find(|m| m.email.eq_ignore_ascii_case(email));
    // A closed account is not found by its address.
    let member = found.filter(|member| !member.deactivated).ok_or("users_not_found")?;
    Ok(json!({ "user": user(member, true, call.settings) }))
}

/// What the docs and recorded answers show. Of a closed account Slack tells less; a bot and a stranger have no address.
fn user(member: &Member, with_email: bool, settings: &Settings) -> Value {
    let is_bot = member.kind == MemberKind::Bot || member.id == SLACKBOT;
    let is_stranger = matches!(member.kind, MemberKind::Stranger(_));
    let team = member.team();
    let with_email = with_email && !is_bot && !is_stranger;
    let mut profile = json!({
        "real_name": member.name, "real_name_normalized": member.name,
        "display_name": member.handle, "display_name_normalized": member.handle,
        "status_text": "", "status_emoji": "", "team": team,
    });
    if let (true, Some(profile)) = (with_email, profile.as_object_mut()) {
        profile.insert("email".to_owned(), json!(member.email));
    }
    let mut user = json!({
        "id": member.id, "team_id": team, "name": member.handle, "deleted": member.deactivated,
        "profile": profile, "is_bot": is_bot, "is_app_user": false, "updated": 0,
    });
    if member.deactivated {
        return user;
    }
    let single = member.kind == MemberKind::SingleChannelGuest;
    let mut more = json!({
        "real_name": member.name, "is_admin": false, "is_owner": false, "is_primary_owner": false,
        "is_restricted": single || member.kind == MemberKind::Guest, "is_ultra_restricted": single,
        "is_email_confirmed": member.email_confirmed && !is_bot, "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time", "tz_offset": 0,
    });
    if let (Some(own), Some(more)) = (user.as_object_mut(), more.as_object_mut()) {
        own.append(more);
        if is_stranger {
            own.insert("is_stranger".to_owned(), Value::Bool(true));
        } else if let Some(enterprise) = &settings.enterprise {
            let of = json!({
                "id": member.id, "enterprise_id": enterprise, "enterprise_name": "Playground", "is_admin": false,
                "is_owner": false, "teams": [TEAM],
            });
            own.insert("enterprise_user".to_owned(), of);
        }
    }
    user
}

/// The page that `limit` and `cursor` name, and the cursor of the next one.
fn page<'t, T>(
    all: impl ExactSizeIterator<Item = &'t T>,
    call: &Call<'_>,
) -> Result<(Vec<&'t T>, String), super::api::Refusal> {
    let limit = call.args.count("limit").unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let skip = match call.args.text("cursor") {
        Some(cursor) => cursor.strip_prefix("next:").and_then(|n| n.parse().ok()).ok_or("invalid_cursor")?,
        None => 0,
    };
    let more = all.len() > skip + limit;
    let next = if more { format!("next:{}", skip + limit) } else { String::new() };
    Ok((all.skip(skip).take(limit).collect(), next))
}

pub(super) fn user_list(world: &mut World, call: &Call<'_>) -> Answered {
    let with_email = call.settings.scopes.contains("users:read.email");
    let (members, next) = page(world.settings.members.iter(), call)?;
    let shown = |member: &&Member| {
        let mut user = user(member, with_email, call.settings);
        let title = world.settings.profiles.get(&member.id).map(|profile| profile.title.as_str());
        if let Some(profile) = user.get_mut("profile").and_then(Value::as_object_mut) {
            profile.insert("title".to_owned(), json!(title.unwrap_or_default()));
        }
        user
    };
    let members: Vec<Value> = members.iter().map(shown).collect();
    Ok(json!({ "members": members, "cache_ts": 0, "response_metadata": { "next_cursor": next } }))
}

pub(super) fn user_profile(world: &mut World, call: &Call<'_>) -> Answered {
    let id = call.need("user")?;
    let member = world.member(id).ok_or("user_not_found")?;
    let of = world.settings.profiles.get(id).cloned().unwrap_or_default();
    let field = |(id, value): (&String, &String)| (id.clone(), json!({ "value": value, "alt": "" }));
    let fields: serde_json::Map<String, Value> = of.fields.iter().map(field).collect();
    Ok(json!({ "profile": {
        "title": of.title, "real_name": member.name, "display_name": member.handle, "fields": fields,
    }}))
}

pub(super) fn groups(world: &mut World, call: &Call<'_>) -> Answered {
    let with_users = call.args.flag("include_users");
    let shown = |group: &super::settings::UserGroup| {
        let mut shown = json!({
            "id": group.id, "team_id": TEAM, "is_usergroup": true, "name": group.handle, "handle": group.handle,
            "date_delete": 0, "user_count": group.members.len(),
        });
        if let (true, Some(shown)) = (with_users, shown.as_object_mut()) {
            shown.insert("users".to_owned(), json!(group.members));
        }
        shown
    };
    Ok(json!({ "usergroups": world.settings.groups.iter().map(shown).collect::<Vec<_>>() }))
}

pub(super) fn group_members(world: &mut World, call: &Call<'_>) -> Answered {
    let id = call.need("usergroup")?;
    let group = world.settings.groups.iter().find(|group| group.id == id).ok_or("no_such_subteam")?;
    Ok(json!({ "users": group.members }))
}

pub(super) fn open_conversation(world: &mut World, call: &Call<'_>) -> Answered {
    if let Some(id) = call.args.text("channel") {
        let channel = world.rooms.channels.get(id).filter(|c| c.direct).ok_or("channel_not_found")?;
        return Ok(json!({ "channel": shown(channel), "no_op": true, "already_open": true }));
    }
    let users = call.args.list("users");
    let [user] = users.as_slice() else {
        return Err(if users.is_empty() { "not_enough_users" } else { "too_many_users" }.into());
    };
    if world.member(user).ok_or("user_not_found")?.deactivated {
        return Err("user_disabled".into());
    }
    let (id, was_open) = world.rooms.direct(user);
    if !call.args.flag("return_im") {
        return Ok(json!({ "channel": { "id": id }, "no_op": was_open, "already_open": was_open }));
    }
    let channel = world.rooms.channels.get(&id).ok_or("channel_not_found")?;
    Ok(json!({ "channel": shown(channel), "no_op": was_open, "already_open": was_open }))
}

pub(super) fn conversation_info(world: &mut World, call: &Call<'_>) -> Answered {
    let channel = world.rooms.channels.get(call.need("channel")?).ok_or("channel_not_found")?;
    Ok(json!({ "channel": shown(channel) }))
}

pub(super) fn conversation_members(world: &mut World, call: &Call<'_>) -> Answered {
    let channel = world.rooms.channels.get(call.need("channel")?).ok_or("channel_not_found")?;
    let (members, next) = page(channel.members.iter(), call)?;
    Ok(json!({ "members": members, "response_metadata": { "next_cursor": next } }))
}

fn shown(channel: &Channel) -> Value {
    let mut shown = json!({
        "id": channel.id, "is_channel": !channel.direct, "is_group": false, "is_im": channel.direct,
        "is_mpim": false, "is_private": channel.direct, "is_archived": channel.archived, "created": 0,
        "is_member": channel.members.contains(BOT_USER), "context_team_id": TEAM,
    });
    if let Some(shown) = shown.as_object_mut() {
        let named = if channel.direct { ("user", "user") } else { ("name", "name_normalized") };
        shown.insert(named.0.to_owned(), json!(channel.name));
        shown.insert(named.1.to_owned(), json!(channel.name));
    }
    shown
}
