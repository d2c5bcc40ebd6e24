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
    for index in 0..history.summaries().len() {
        let document = history.value(index);
        for name in names {
            let in_document = find(&document, name).or_else(|| find(&document["vars"], name));
            let expected = VariableLookup::Known(in_document.map(Cow::Borrowed));
            assert_eq!(history.variable(index, name), expected, "{name} of {document}");
        }
        for name in ["lead", "lead.id", "vars.lead.id", "vars", "flow", "vars.ms", "leads.state"] {
            assert_eq!(history.variable(index, name), VariableLookup::NeedsDocument, "{name}");
        }
    }
}
