//! A crowd: five people who may ask for ten roles each, and who approves what.

use std::fmt::Write as _;
use std::path::Path;

use jitney::ids::PersonId;
use jitney::time::Span;

use super::stage::Journey;

pub(super) const ROLES: usize = 10;
pub(super) const PEOPLE: [&str; 5] = ["ann", "bob", "dana", "erin", "frank"];

/// An app with many roles. The even ones need nobody, the odd ones the manager.
pub(super) fn many_roles(folder: &Path) {
    let tiers = folder.join("policies/tiers.toml");
    let more = "\n[tiers.nobody]\nname = \"Nobody needs to agree\"\nauto_under = \"8h\"\n\n\
        [[tiers.nobody.stages]]\napprovers = [\"manager\"]\nfallback = [\"person:bob@example.com\"]\n";
    let text = std::fs::read_to_string(&tiers).unwrap() + more;
    std::fs::write(&tiers, text).unwrap();
    let mut app = String::from(
        "[app]\nname = \"Many\"\nabout = \"Many roles\"\nowners = [\"bob@example.com\"]\nlayer = \"application\"\n",
    );
    for n in 0..ROLES {
        let tier = if n % 2 == 0 { "nobody" } else { "manager" };
        write!(
            app,
            "\n[roles.r{n}]\nname = \"Role {n}\"\ngives = \"A login\"\nrisk = \"low\"\ndefault_duration = \"1h\"\n\
             max_duration = \"8h\"\ntier = \"{tier}\"\neligible = [{{ employment = [\"employee\"] }}]\n\n\
             [[roles.r{n}.steps]]\ntarget = \"legacy-wiki\"\nlogin = {{ }}\n"
        )
        .unwrap();
    }
    std::fs::write(folder.join("policies/many.toml"), app).unwrap();
}

/// Who decides on what this person asks for.
pub(super) fn approver_of(asker: &PersonId) -> &'static str {
    match asker.as_str() {
        "ann@example.com" | "bob@example.com" => "dana",
        // She has no manager; the tier falls back.
        "erin@example.com" => "bob",
        _ => "erin",
    }
}

impl Journey {
    /// By the minute: what waits out a back-off is tried again together.
    pub(super) async fn minutes(&self, count: usize) {
        self.world.rest().await.unwrap();
        for _ in 0..count {
            self.world.playground.clock.jump_to(self.now() + Span::mins(1));
            self.world.rest().await.unwrap();
        }
        self.rest().await;
    }
}
