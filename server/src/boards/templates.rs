//! The templates that every workspace has.

use weft_protocol::board::Plan;
use weft_protocol::board::plan::{PlannedColumn, PlannedEntry, PlannedField};
use weft_protocol::board::schema::{Category, FieldType};

use super::Minter;

/// A built-in template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Template {
    /// To do, in progress, done.
    Kanban,
    /// A backlog and the columns of a sprint.
    Scrum,
    /// From a report to its fix.
    Bugs,
    /// Nothing.
    Empty,
}

type Names<'n> = &'n [(&'n str, &'n str)];

impl Template {
    /// What a board begins with that is made from it.
    pub(crate) fn plan(self, mint: &mut Minter<'_>) -> Plan {
        match self {
            Self::Kanban => Plan {
                columns: columns(
                    mint,
                    &[
                        ("To do", Category::Unstarted),
                        ("In progress", Category::Started),
                        ("Done", Category::Completed),
                    ],
                ),
                ..Plan::default()
            },
            Self::Scrum => Plan {
                columns: columns(
                    mint,
                    &[
                        ("Backlog", Category::Backlog),
                        ("Sprint", Category::Unstarted),
                        ("In progress", Category::Started),
                        ("Review", Category::Started),
                        ("Done", Category::Completed),
                    ],
                ),
                labels: entries(
                    mint,
                    &[
                        ("Story", "green"),
                        ("Task", "blue"),
                        ("Bug", "red"),
                        ("Spike", "purple"),
                    ],
                ),
                ..Plan::default()
            },
            Self::Bugs => Plan {
                columns: columns(
                    mint,
                    &[
                        ("Reported", Category::Backlog),
                        ("Confirmed", Category::Unstarted),
                        ("In progress", Category::Started),
                        ("To verify", Category::Started),
                        ("Fixed", Category::Completed),
                        ("Won't fix", Category::Cancelled),
                    ],
                ),
                labels: entries(
                    mint,
                    &[
                        ("Crash", "red"),
                        ("Regression", "orange"),
                        ("Security", "black"),
                        ("Interface", "blue"),
                    ],
                ),
                fields: vec![
                    field(
                        mint,
                        "Severity",
                        FieldType::Select,
                        &[
                            ("Critical", "red"),
                            ("Major", "orange"),
                            ("Minor", "yellow"),
                            ("Trivial", "sky"),
                        ],
                    ),
                    field(mint, "Found in", FieldType::Text, &[]),
                ],
                ..Plan::default()
            },
            Self::Empty => Plan::default(),
        }
    }
}

fn columns(mint: &mut Minter<'_>, titles: &[(&str, Category)]) -> Vec<PlannedColumn> {
    let column = |(title, category): &(&str, Category)| PlannedColumn {
        id: mint.id(),
        title: (*title).to_owned(),
        category: *category,
        color: None,
        wip: None,
    };
    titles.iter().map(column).collect()
}

fn entries<K>(mint: &mut Minter<'_>, names: Names<'_>) -> Vec<PlannedEntry<K>> {
    let entry = |(name, color): &(&str, &str)| PlannedEntry {
        id: mint.id(),
        name: (*name).to_owned(),
        color: Some((*color).to_owned()),
    };
    names.iter().map(entry).collect()
}

fn field(mint: &mut Minter<'_>, name: &str, kind: FieldType, options: Names<'_>) -> PlannedField {
    PlannedField {
        id: mint.id(),
        name: name.to_owned(),
        r#type: kind,
        options: entries(mint, options),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn every_template_can_be_planted() {
        for template in [Template::Kanban, Template::Scrum, Template::Bugs, Template::Empty] {
            let mut next = Uuid::now_v7;
            let plan = template.plan(&mut Minter::new(&mut next));
            assert_eq!(plan.check(), Ok(()), "{template:?}");
            let is_done = |column: &PlannedColumn| column.category == Category::Completed;
            assert_eq!(plan.columns.iter().any(is_done), template != Template::Empty);
        }
    }
}
