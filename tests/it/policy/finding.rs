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

/// What is hidden is found by its exact name alone, what is retired by nobody; an app's word counts for its roles.
#[test]
fn hidden_and_retired_roles_are_not_offered() {
    let found = |app: &str, role: &str, query: &str| {
        let billing = BILLING.replacen("layer =", &format!("{app}layer ="), 1);
        let billing = billing.replacen("risk = \"high\"", &format!("{role}risk = \"high\""), 1);
        let policies = policies(&[
            file("tiers.toml", TIERS),
            file("billing.toml", &billing),
            file("payments.toml", PAYMENTS),
        ]);
        let people = directory(everybody());
        let found = search(&policies, &people, &id("ann"), &[], query, 10);
        found.iter().map(|found| found.role.to_string()).collect::<Vec<_>>().join(" ")
    };
    let (hidden, retired) = ("visibility = \"hidden\"\n", "visibility = \"retired\"\n");
    for (app, role, query, expected) in [
        ("", "", "billing", "billing/read billing/write"),
        ("", hidden, "billing", "billing/read"),
        ("", hidden, "writ", ""),
        ("", hidden, "billing/write", "billing/write"),
        ("", hidden, "Billing database · Read and write", "billing/write"),
        ("", retired, "billing", "billing/read"),
        ("", retired, "billing/write", ""),
        (hidden, "", "billing", ""),
        (hidden, "", "billing/read", "billing/read"),
        (hidden, retired, "billing/write", ""),
        (retired, hidden, "billing/write", ""),
        (retired, "", "", "payments/approve"),
    ] {
        assert_eq!(found(app, role, query), expected, "{app}{role}{query}");
    }
    let hidden = policies(&[
        file("tiers.toml", TIERS),
        file("billing.toml", &BILLING.replacen("layer =", "visibility = \"hidden\"\nlayer =", 1)),
        file("payments.toml", PAYMENTS),
    ]);
    assert_eq!(find_role(&hidden, "billing/raed"), RoleLookup::Nearest(vec![]), "a hint would be no secret");
    assert_eq!(find_role(&hidden, "billing/read"), RoleLookup::Exact(role("billing/read")));
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
