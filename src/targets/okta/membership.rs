//! What is looked at and changed at Okta for one grant.

use super::answers::{GroupId, GroupKind, User, UserId};
use super::api::{Asked, Changed, Errand};
use super::{Failure, OktaGroups, group_of, words};
use crate::lifecycle::{Evidence, Outcome};
use crate::targets::Call;
use crate::time::Span;

/// After reads that did not agree.
const LOOK_AGAIN_AFTER: Span = Span::secs(2);

/// What a read of somebody's groups showed.
#[derive(Debug, Clone, Copy)]
enum Look {
    /// A member, among so many groups.
    Member { kind: GroupKind, groups: usize },
    /// No member, with so many other groups.
    NoMember { groups: usize },
    /// Okta knows no such user.
    NoUser,
}

/// Whom a call is about.
enum Whose {
    User(UserId),
    /// Okta has no user with this login.
    Unknown(String),
}

impl OktaGroups {
    /// Whether the person is a member before we touch it. What is found here stands for ever, so several reads
    /// must agree.
    pub(super) async fn look_before(&self, call: &Call<'_>) -> Result<Outcome, Failure> {
        let errand = Errand { now: call.now, is_revocation: false };
        let group = group_in(call)?;
        let user = self.welcome(call, errand).await?;
        let first = self.look(errand, &user, &group).await?;
        let look = self.agreed(errand, &user, &group, first).await?;
        let kind = match &look {
            Look::Member { kind, .. } => *kind,
            Look::NoMember { .. } | Look::NoUser => {
                let there = self.client.group(errand, &group).await?;
                there.ok_or_else(|| Failure::fatal(words::no_such_group(&group)))?.kind
            }
        };
        if let Some(why) = words::managed_elsewhere(&group, kind) {
            return Err(Failure::fatal(why));
        }
        Ok(match look {
            Look::Member { groups, .. } => {
                Outcome::Found(self.read(call, &user, words::is_member(&group, groups)))
            }
            Look::NoMember { groups } => {
                Outcome::NotFound(self.read(call, &user, words::is_no_member(&group, groups)))
            }
            Look::NoUser => return Err(Failure::fatal(words::no_such_user(&user))),
        })
    }

    /// Whether the person is a member, after we made them one.
    pub(super) async fn look_after(&self, call: &Call<'_>) -> Result<Outcome, Failure> {
        let errand = Errand { now: call.now, is_revocation: false };
        let group = group_in(call)?;
        let user = match self.whose(call, errand).await? {
            Whose::User(user) => user,
            Whose::Unknown(login) => return Err(Failure::fatal(words::no_such_login(&login))),
        };
        Ok(match self.look(errand, &user, &group).await? {
            Look::Member { groups, .. } => {
                Outcome::Found(seen_once(call, &user, words::is_member(&group, groups)))
            }
            Look::NoMember { groups } => {
                Outcome::NotFound(seen_once(call, &user, words::is_no_member(&group, groups)))
            }
            Look::NoUser => return Err(Failure::fatal(words::no_such_user(&user))),
        })
    }

    /// Makes the person a member. The call goes out whatever a read says: the read may be stale.
    pub(super) async fn add(&self, call: &Call<'_>) -> Result<Outcome, Failure> {
        let errand = Errand { now: call.now, is_revocation: false };
        let group = group_in(call)?;
        let user = self.welcome(call, errand).await?;
        let was_member = matches!(self.look(errand, &user, &group).await?, Look::Member { .. });
        match self.client.add(errand, &group, &user).await? {
            Changed::Taken if was_member => {
                Ok(Outcome::Already(changed(call, &user, &group, words::WAS_MEMBER.to_owned())))
            }
            Changed::Taken => Ok(Outcome::Done(changed(call, &user, &group, words::ADDED.to_owned()))),
            Changed::NoSuch => match self.client.group(errand, &group).await? {
                Some(_) => Err(Failure::fatal(words::no_such_user(&user))),
                None => Err(Failure::fatal(words::no_such_group(&group))),
            },
        }
    }

    /// Takes the membership first, so that no app is opened by it any more, and then signs the user out. Both calls
    /// go out at each attempt, whatever a read says: the first attempt may have got no further than the first.
    pub(super) async fn remove(&self, call: &Call<'_>) -> Result<Outcome, Failure> {
        let errand = Errand { now: call.now, is_revocation: true };
        let group = group_in(call)?;
        let user = match self.whose(call, errand).await? {
            Whose::User(user) => user,
            Whose::Unknown(login) => {
                let gone = self.without_user(call, errand, &group, &login).await?;
                return Ok(Outcome::Already(gone));
            }
        };
        let was_member = matches!(self.look(errand, &user, &group).await?, Look::Member { .. });
        self.client.remove(errand, &group, &user).await?;
        if self.settings.end_sessions {
            // Of a user who is no more there are none.
            self.client.end_sessions(errand, &user).await.map_err(|trouble| {
                let error = words::sessions_remain(&trouble.to_string());
                Failure { error, ..Failure::from(trouble) }
            })?;
        }
        let answer = words::removed(was_member, self.settings.end_sessions);
        let evidence = changed(call, &user, &group, answer);
        Ok(if was_member { Outcome::Done(evidence) } else { Outcome::Already(evidence) })
    }

    /// Whether the membership is gone, as several reads agree, and for no other reason than that it is.
    pub(super) async fn look_gone(&self, call: &Call<'_>) -> Result<Outcome, Failure> {
        let errand = Errand { now: call.now, is_revocation: true };
        let group = group_in(call)?;
        let user = match self.whose(call, errand).await? {
            Whose::User(user) => user,
            Whose::Unknown(login) => {
                let gone = self.without_user(call, errand, &group, &login).await?;
                return Ok(Outcome::NotFound(gone));
            }
        };
        let first = self.look(errand, &user, &group).await?;
        if let Look::Member { groups, .. } = first {
            // One read is enough to try again.
            let answer = self.with_rule(errand, &group, words::is_member(&group, groups)).await;
            return Ok(Outcome::Found(seen_once(call, &user, answer)));
        }
        match self.agreed(errand, &user, &group, first).await? {
            Look::Member { groups, .. } => {
                Ok(Outcome::Found(seen_once(call, &user, words::is_member(&group, groups))))
            }
            // An account that lost the sight of the group would read the same: the group itself must be seen, or
            // be gone.
            Look::NoMember { groups } => {
                let answer = match self.client.group(errand, &group).await? {
                    Some(_) => words::is_no_member(&group, groups),
                    None => words::group_is_gone(&group),
                };
                Ok(Outcome::NotFound(self.read(call, &user, answer)))
            }
            Look::NoUser => {
                let method = words::read_members(&group);
                let evidence = |answer| Evidence { method, answer, at: call.now };
                let Some(members) = self.client.members(errand, &group).await? else {
                    return Ok(Outcome::NotFound(evidence(words::group_is_gone(&group))));
                };
                Ok(if members.iter().any(|member| member.id == user.as_str()) {
                    Outcome::Found(evidence(words::is_hidden_member(&user, &group)))
                } else {
                    Outcome::NotFound(evidence(words::user_is_gone(&user, &group, members.len())))
                })
            }
        }
    }

    /// The user to grant to: somebody who may have it.
    async fn welcome(&self, call: &Call<'_>, errand: Errand) -> Result<UserId, Failure> {
        let (id, user) = match self.asked(call) {
            Ok(id) => {
                let user = self.client.user(errand, Asked::Id(&id)).await?;
                let user = user.ok_or_else(|| Failure::fatal(words::no_such_user(&id)))?;
                (id, user)
            }
            Err(login) => {
                let found = self.by_login(call, errand, &login).await?;
                found.ok_or_else(|| Failure::fatal(words::no_such_login(&login)))?
            }
        };
        match words::kept_out(&user) {
            Some(why) => Err(Failure::fatal(why)),
            None => Ok(id),
        }
    }

    /// The user whose access it is. Who was seen when the grant was made stays the one: a login may change, or be
    /// given to somebody else.
    async fn whose(&self, call: &Call<'_>, errand: Errand) -> Result<Whose, Failure> {
        let login = match self.asked(call) {
            Ok(id) => return Ok(Whose::User(id)),
            Err(login) => login,
        };
        let found = self.by_login(call, errand, &login).await?;
        Ok(found.map_or(Whose::Unknown(login), |(id, _)| Whose::User(id)))
    }

    /// By id where we know it; else by login.
    fn asked(&self, call: &Call<'_>) -> Result<UserId, String> {
        self.remembered(call.request)
            .or_else(|| self.settings.users.get(call.person).cloned())
            .ok_or_else(|| self.settings.login.login(call.person))
    }

    async fn by_login(
        &self,
        call: &Call<'_>,
        errand: Errand,
        login: &str,
    ) -> Result<Option<(UserId, User)>, Failure> {
        let user = self.client.user(errand, Asked::Login(login)).await?;
        // Okta takes the part before the @ as well, which may be anybody's.
        let Some(user) = user.filter(|user| user.profile.login.eq_ignore_ascii_case(login)) else {
            return Ok(None);
        };
        let id = UserId::new(&user.id).ok_or_else(|| Failure::fatal(words::odd_id(login)))?;
        self.remember(call.request, &id);
        Ok(Some((id, user)))
    }

    /// Proof that it is gone though nobody knows whose it was: the group is gone.
    async fn without_user(
        &self,
        call: &Call<'_>,
        errand: Errand,
        group: &GroupId,
        login: &str,
    ) -> Result<Evidence, Failure> {
        match self.client.group(errand, group).await? {
            Some(_) => Err(Failure::fatal(words::lost_login(login))),
            None => Ok(Evidence {
                method: words::read_members(group),
                answer: words::group_is_gone(group),
                at: call.now,
            }),
        }
    }

    async fn look(&self, errand: Errand, user: &UserId, group: &GroupId) -> Result<Look, Failure> {
        let Some(groups) = self.client.groups_of(errand, user).await? else { return Ok(Look::NoUser) };
        Ok(match groups.iter().find(|one| one.id == group.as_str()) {
            Some(found) => Look::Member { kind: found.kind, groups: groups.len() },
            None => Look::NoMember { groups: groups.len() },
        })
    }

    /// Reads on until enough reads in a row say the same as the first.
    async fn agreed(
        &self,
        errand: Errand,
        user: &UserId,
        group: &GroupId,
        first: Look,
    ) -> Result<Look, Failure> {
        for agreed in 1..self.settings.read_backs {
            tokio::time::sleep(self.settings.read_pause.duration()).await;
            let next = self.look(errand, user, group).await?;
            if std::mem::discriminant(&next) != std::mem::discriminant(&first) {
                return Err(Failure {
                    error: words::disagree(group, agreed),
                    is_passing: true,
                    may_have_landed: false,
                    after: Some(LOOK_AGAIN_AFTER),
                });
            }
        }
        Ok(first)
    }

    /// What was seen, and the rule that may have made it so. Without the right to read rules nothing is added.
    async fn with_rule(&self, errand: Errand, group: &GroupId, seen: String) -> String {
        let rules = self.client.rules(errand).await.unwrap_or_default();
        match rules.iter().find(|rule| rule.fills(group)) {
            Some(rule) => words::by_rule(&seen, &rule.name),
            None => seen,
        }
    }

    fn read(&self, call: &Call<'_>, user: &UserId, answer: String) -> Evidence {
        let method = words::read_groups(&named(call, user), self.settings.read_backs);
        Evidence { method, answer, at: call.now }
    }
}

fn seen_once(call: &Call<'_>, user: &UserId, answer: String) -> Evidence {
    Evidence { method: words::read_groups(&named(call, user), 1), answer, at: call.now }
}

fn changed(call: &Call<'_>, user: &UserId, group: &GroupId, answer: String) -> Evidence {
    Evidence { method: words::changed(&named(call, user), group), answer, at: call.now }
}

/// By the name that people know, and by the id that stays.
fn named(call: &Call<'_>, user: &UserId) -> String {
    format!("{} ({user})", call.person)
}

/// The group that the step was bound to.
fn group_in(call: &Call<'_>) -> Result<GroupId, Failure> {
    group_of(&call.step.params).ok_or_else(|| Failure::fatal(words::not_our_step(&call.step.label)))
}
