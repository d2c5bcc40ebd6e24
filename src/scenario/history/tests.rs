use super::*;

fn entity(name: &str) -> PlannedEntity {
    PlannedEntity { id: "5d9a4b10940df5a34a3888c1".to_owned(), name: name.to_owned() }
}

#[test]
fn variables_equal_those_of_the_documents() {
    let step = |recipient| PlannedStep { id: "a1".to_owned(), recipient };
    let history = GeneratedHistory::new(HistoryPlan {
        seed: 7,
        number: 0,
        until: "2026-01-15T09:00:00Z".parse().unwrap(),
        leads: 40,
        events: 150,
        account: PlannedAccount { id: "a".to_owned(), sso_id: "s".to_owned(), name: "Acme".to_owned() },
        flows: vec![PlannedFlow {
            id: "64b8f0f5e4b0c3a1d5e6f7ab".to_owned(),
            name: "Texas".to_owned(),
            source: entity("Source"),
            price: 2.5,
            steps: vec![step(None), step(Some(entity("Recipient"))), step(Some(entity("Other")))],
        }],
    });
    let names = [
        "ms",
        "reason",
        "step_id",
        "cap_reached",
        "caps_reached",
        "cap_id",
        "flow.name",
        "vars.flow.name",
        "source.name",
        "recipient.name",
        "recipient.id",
        "vars.recipient.id",
        "module_id",
        "vars.recipient.name",
        "lead.state",
        "vars.lead.state",
        "lead.email",
        "lead.email.domain",
        "lead.phone_1.valid",
        "lead.none",
    ];
    for index in 0..history.count() {
        let document = history.value(index);
        for name in names {
            let in_document = find(&document, name).or_else(|| find(&document["vars"], name));
            let expected = VariableLookup::Known(in_document.map(Cow::Borrowed));
            assert_eq!(
                history.variable(index, &history.summary(index).unwrap(), name),
                expected,
                "{name} of {document}"
            );
        }
        for name in ["lead", "lead.id", "vars.lead.id", "vars", "flow", "vars.ms", "leads.state"] {
            assert_eq!(
                history.variable(index, &history.summary(index).unwrap(), name),
                VariableLookup::NeedsDocument,
                "{name}"
            );
        }
    }
}

#[test]
fn summaries_are_in_order_and_the_same_one_by_one() {
    let step = |recipient| PlannedStep { id: "a1".to_owned(), recipient };
    let flow = |steps: Vec<PlannedStep>| PlannedFlow {
        id: "64b8f0f5e4b0c3a1d5e6f7ab".to_owned(),
        name: "Texas".to_owned(),
        source: entity("Source"),
        price: 2.5,
        steps,
    };
    for (leads, events) in [(0, 0), (1, 1), (1, 5), (7, 7), (40, 150), (40, 160), (300, 300)] {
        let history = GeneratedHistory::new(HistoryPlan {
            seed: 7,
            number: 0,
            until: "2026-01-15T09:00:00Z".parse().unwrap(),
            leads,
            events,
            account: PlannedAccount { id: "a".to_owned(), sso_id: "s".to_owned(), name: "Acme".to_owned() },
            flows: vec![flow(vec![step(None), step(Some(entity("Recipient")))]), flow(Vec::new())],
        });
        assert_eq!(history.count(), usize::try_from(events).unwrap());
        assert_eq!(history.summary(history.count()), None);
        let one_by_one: Vec<EventSummary> = (0..history.count()).map(|index| history.summary(index).unwrap()).collect();
        assert!(one_by_one.is_sorted_by(|a, b| a.id < b.id && a.start_ms <= b.start_ms));
        let whole = one_by_one.iter().filter(|summary| summary.kind == EventType::Source);
        let known: Vec<_> = whole.map(|summary| (summary.lead.unwrap(), summary.id, summary.outcome)).collect();
        assert_eq!(known.len(), usize::try_from(leads).unwrap(), "one event of each lead is about the whole flow");
        assert!(known.iter().all(|(lead, event, _)| lead < event));
        for start in [0, 1, history.count() / 2, history.count()] {
            for end in [start, history.count().saturating_sub(1), history.count(), history.count() + 9] {
                let mut visited = Vec::new();
                let types = if end % 2 == 0 { EventTypes::ALL } else { EventTypes::from_iter([EventType::Source]) };
                history.visit(start..end, types, &mut |index, summary| {
                    visited.push((index, *summary));
                    true
                });
                let expected = one_by_one.iter().copied().enumerate().take(end).skip(start);
                let expected: Vec<_> = expected.filter(|(_, summary)| types.contains(summary.kind)).collect();
                assert_eq!(visited, expected, "{start}..{end} of {events}, {types:?}");
            }
        }
        let mut count = 0;
        history.visit(0..history.count(), EventTypes::ALL, &mut |_, _| {
            count += 1;
            count < 2
        });
        assert_eq!(count, history.count().min(2));
    }
}

#[test]
fn equal_numbers_of_variables_stand_for_equal_values() {
    let step = |id: &str, recipient| PlannedStep { id: id.to_owned(), recipient };
    let flow = |id: &str, steps: Vec<PlannedStep>| PlannedFlow {
        id: format!("64b8f0f5e4b0c3a1d5e6f7{id}"),
        name: format!("Flow {id}"),
        source: entity(id),
        price: 2.5,
        steps,
    };
    let history = GeneratedHistory::new(HistoryPlan {
        seed: 7,
        number: 0,
        until: "2026-01-15T09:00:00Z".parse().unwrap(),
        leads: 400,
        // The first leads have one event more, so that their last step has the index of another lead's last event.
        events: 1450,
        account: PlannedAccount { id: "a".to_owned(), sso_id: "s".to_owned(), name: "Acme".to_owned() },
        flows: vec![
            flow("ab", vec![step("a1", None), step("a2", Some(entity("One"))), step("a3", Some(entity("Two")))]),
            flow("ac", vec![step("b1", Some(entity("Three")))]),
            flow("ad", (0..5).map(|at| step(&format!("c{at}"), Some(entity("Four")))).collect()),
        ],
    });
    let names = [
        "ms",
        "module_id",
        "step_id",
        "reason",
        "flow.name",
        "vars.source.name",
        "recipient.name",
        "vars.recipient.id",
        "lead.state",
        "lead.email",
        "lead.none",
    ];
    for name in names {
        let mut values = std::collections::HashMap::new();
        for index in 0..history.count() {
            let Some(number) = history.variable_number(index, &history.summary(index).unwrap(), name) else { continue };
            let VariableLookup::Known(value) = history.variable(index, &history.summary(index).unwrap(), name) else {
                panic!("{name} has a number only")
            };
            let value = value.map(Cow::into_owned);
            assert_eq!(values.entry(number).or_insert_with(|| value.clone()), &value, "{name} of event {index}");
        }
        assert_eq!(values.is_empty(), name == "lead.none", "{name}");
        assert!(values.len() > 1 || matches!(name, "lead.none"), "{name}");
    }
    assert_eq!(history.variable_number(0, &history.summary(0).unwrap(), "host"), None);
}
