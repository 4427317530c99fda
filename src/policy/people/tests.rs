//! People with what is put beside the directory, and copies of them.

use super::*;

fn person(name: &str, slack: Option<&str>) -> Person {
    Person {
        id: PersonId::new(&format!("{name}@example.com")).unwrap(),
        name: name.to_owned(),
        employment: Employment::Employee,
        department: "IT".to_owned(),
        title: String::new(),
        location: String::new(),
        manager: None,
        groups: BTreeSet::new(),
        active: true,
        slack: slack.map(|slack| SlackUserId::new(slack).unwrap()),
        operator_login: None,
        doubts: None,
    }
}

fn bound(pairs: &[(&str, &str)]) -> BTreeMap<SlackUserId, PersonId> {
    let pair = |(account, name): &(&str, &str)| {
        (SlackUserId::new(account).unwrap(), PersonId::new(&format!("{name}@example.com")).unwrap())
    };
    pairs.iter().map(pair).collect()
}

fn whose(people: &People, account: &str) -> String {
    let found = people.by_slack(&SlackUserId::new(account).unwrap());
    found.map_or_else(|| "nobody".to_owned(), |person| person.name.clone())
}

#[test]
fn what_the_directory_names_goes_before_what_was_bound() {
    let all = [person("ann", None), person("bob", Some("U0BOB")), person("carol", None)];
    let people = People::new(all, Timestamp::from_millis(0), Span::hours(1));
    let first = people.with_bound(&bound(&[
        ("U0ANN", "ann"),
        ("U0BOB", "carol"),
        ("U0OTHER", "bob"),
        ("U0X", "nobody"),
    ]));
    for (account, name) in [("U0ANN", "ann"), ("U0BOB", "bob"), ("U0OTHER", "nobody"), ("U0X", "nobody")] {
        assert_eq!(whose(&first, account), name, "{account}");
    }
    let is_bound = |people: &People, name| people.is_bound(&person(name, None).id);
    assert_eq!(["ann", "bob", "carol"].map(|name| is_bound(&first, name)), [true, false, false]);

    let then = first.with_bound(&bound(&[("U0CAROL", "carol")]));
    assert_eq!(whose(&then, "U0ANN"), "nobody");
    assert_eq!(whose(&then, "U0CAROL"), "carol");
    assert_eq!(then.get(&person("ann", None).id).unwrap().slack, None);
}

fn everybody() -> Vec<Person> {
    let dba = GroupId::new("dba").unwrap();
    let mut all = [person("ann", None), person("bob", Some("U0BOB")), person("carol", None)];
    all[1].groups.insert(dba.clone());
    all[1].operator_login = Some("bob".to_owned());
    all[2].groups.insert(dba);
    all.to_vec()
}

fn directory(people: Vec<Person>) -> People {
    People::new(people, Timestamp::from_millis(0), Span::hours(1))
}

#[test]
fn without_somebody_is_as_if_they_were_in_no_file() {
    let (now, dba) = (Timestamp::from_millis(0), GroupId::new("dba").unwrap());
    let all = directory(everybody());
    for gone in ["ann", "bob", "carol", "nobody"] {
        let gone = person(gone, None).id;
        let others = everybody().into_iter().filter(|person| person.id != gone).collect();
        let (seen, wanted) = (all.without(&gone), directory(others));
        assert!(seen.iter().eq(wanted.iter()), "{gone}");
        assert_eq!(seen.get(&gone), None);
        assert_eq!(whose(&seen, "U0BOB"), whose(&wanted, "U0BOB"), "{gone}");
        assert!(seen.members(&dba).eq(wanted.members(&dba)), "{gone}");
        assert_eq!(seen.operators(), wanted.operators());
        assert!(seen.asks_like(&wanted, now) && wanted.asks_like(&seen, now), "{gone}");
        assert_eq!(seen.asks_like(&all, now), gone.as_str().starts_with("nobody"), "{gone}");
    }
    let none = ["ann", "bob", "carol"]
        .iter()
        .fold(all.clone(), |people, name| people.without(&person(name, None).id));
    assert_eq!(none.iter().count(), 0);
    assert_eq!(all.iter().count(), 3, "the others still see them");
}

/// What happens often copies nobody: who is on call or away changes, the file is looked at, somebody asked for another.
#[test]
fn copies_share_everybody_until_one_changes_them() {
    let all = directory(everybody());
    for copy in [
        all.clone().with_on_call(Arc::default()),
        all.clone().with_away(Arc::default()),
        all.clone().with_borrowed(Arc::default()),
        all.clone().with_bound(&bound(&[("U0BOB", "ann"), ("U0X", "nobody")])),
        all.clone().reread_at(Timestamp::from_millis(1)),
        all.without(&person("ann", None).id),
    ] {
        assert!(Arc::ptr_eq(&copy.by_id, &all.by_id) && Arc::ptr_eq(&copy.by_group, &all.by_group));
        assert!(Arc::ptr_eq(&copy.by_slack, &all.by_slack));
    }
    let other = all.clone().with_bound(&bound(&[("U0ANN", "ann")]));
    assert_eq!([whose(&other, "U0ANN"), whose(&all, "U0ANN")], ["ann", "nobody"]);
    let mut put = all.clone();
    put.put(&person("bob", None).id, None);
    assert_eq!([put.iter().count(), all.iter().count()], [2, 3]);
}
