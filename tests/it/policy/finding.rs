//! Roles found by words, and what `policy check` warns of.

use jitney::policy::{RoleLookup, find_role, lint, search};

use super::fixture::{BILLING, PAYMENTS, TIERS, role, set};
use super::{directory, everybody, file, id, policies};

#[test]
fn the_catalogue_is_searched_by_words() {
    let policies = set();
    let people = directory(everybody());
    let find = |who: &str, holds: &[&str], query: &str, limit| {
        let holds: Vec<_> = holds.iter().map(|held| role(held)).collect();
        let found = search(&policies, &people, &id(who), &holds, query, limit);
        found.iter().map(|m| format!("{}{}", m.role, if m.eligible { "" } else { "!" })).collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    assert_eq!(find("ann", &[], "billing", 10), ["billing/read", "billing/write"]);
    assert_eq!(find("ann", &[], "write billing", 10), ["billing/write"]);
    assert_eq!(find("ann", &[], "BILL delete", 10), ["billing/write"]);
    assert_eq!(find("ann", &[], "biling", 10), ["billing/read", "billing/write"]);
    assert_eq!(find("ann", &["payments/approve"], "billing", 10), ["billing/read", "billing/write!"]);
    assert_eq!(find("ann", &[], "billing unicorn", 10), none);
    assert_eq!(find("ann", &[], "", 2).len(), 2);
    assert_eq!(find("carol", &[], "", 10), none, "a contractor may ask for nothing here");
    assert_eq!(find("zoe", &[], "", 10), none);
}

#[test]
fn roles_are_found_by_name() {
    let policies = set();
    let exact = |text: &str| RoleLookup::Exact(role(text));
    let near = |roles: &[&str]| RoleLookup::Nearest(roles.iter().map(|text| role(text)).collect());
    for (text, expected) in [
        ("billing/read", exact("billing/read")),
        ("Billing Read", exact("billing/read")),
        ("Billing database · Read and write", exact("billing/write")),
        ("ghosts", exact("ghosts/approve")),
        ("billing/raed", near(&["billing/read"])),
        ("biling", near(&["billing/closed", "billing/read", "billing/write"])),
        ("payments approver", near(&["backed/approve", "ghosts/approve", "pair/approve"])),
        ("salesforce/admin", near(&[])),
        ("", near(&[])),
    ] {
        assert_eq!(find_role(&policies, text), expected, "{text}");
    }
}

#[test]
fn what_is_lawful_but_hardly_meant_is_warned_of() {
    let unused = "[tiers.unused]\nname = \"Unused\"\n[[tiers.unused.stages]]\napprovers = [\"owners\"]\n";
    let policies = policies(&[
        file("tiers.toml", &format!("{TIERS}{unused}")),
        file("billing.toml", BILLING),
        file("payments.toml", PAYMENTS),
        file("ghosts.toml", &PAYMENTS.replace("\"two\"", "\"ghosts\"")),
        file("same.toml", &PAYMENTS.replace("\"two\"", "\"same\"").replace("rw", "other")),
    ]);
    let warnings = lint(&policies, &directory(everybody()));
    let told: String = warnings.iter().map(|warning| format!("{warning}\n")).collect();
    insta::assert_snapshot!(told);
}
