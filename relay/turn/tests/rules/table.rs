//! The table in the crate's documentation: it names tests that are there, and leaves no section and no file out.

use std::{collections::BTreeSet, fs, path::Path};

/// The sections that say what a server does. What the others say (clients, discovery, overview, attributes one by one) is in these.
const SECTIONS: [&str; 30] = [
    "RFC 8489 6.2.2",
    "RFC 8489 6.3",
    "RFC 8489 6.3.1",
    "RFC 8489 7",
    "RFC 8489 9.2.1",
    "RFC 8489 9.2.2",
    "RFC 8489 9.2.4",
    "RFC 8489 9.2.5",
    "RFC 8489 12",
    "RFC 8489 13",
    "RFC 8489 14.5",
    "RFC 8489 14.6",
    "RFC 8656 3.1",
    "RFC 8656 5",
    "RFC 8656 6",
    "RFC 8656 7.2",
    "RFC 8656 8.2",
    "RFC 8656 9",
    "RFC 8656 10.2",
    "RFC 8656 11.2",
    "RFC 8656 11.3",
    "RFC 8656 11.4",
    "RFC 8656 11.5",
    "RFC 8656 12",
    "RFC 8656 12.2",
    "RFC 8656 12.4",
    "RFC 8656 12.5",
    "RFC 8656 12.6",
    "RFC 8656 12.7",
    "RFC 8656 18.13",
];

/// Files that state no rule of an RFC.
const OTHERS: [&str; 6] = ["client", "costs", "main", "speed", "support", "table"];

#[test]
fn every_test_in_the_table_exists() {
    for (file, test) in named() {
        let text = read(&format!("tests/rules/{file}.rs"));
        assert!(text.contains(&format!("fn {test}(")), "{file}::{test}");
    }
}

#[test]
fn every_rule_is_one_line_of_three_cells() {
    assert!(rows().len() > 30);
    for row in rows() {
        let cells: Vec<_> = row.split(" | ").collect();
        let [section, what, tests] = cells[..] else {
            panic!("{row}");
        };
        assert!(section.starts_with("| ") && !what.is_empty(), "{row}");
        assert!(tests.starts_with('`') && tests.ends_with("` |"), "{row}");
    }
}

#[test]
fn no_section_is_left_out() {
    let mut found = BTreeSet::new();
    for row in rows() {
        let cell = row.split(" | ").next().unwrap();
        let mut rfc = String::new();
        for section in cell.trim_start_matches("| ").split(", ") {
            if let Some((name, _)) = section.rsplit_once(' ') {
                rfc = name.into();
            }
            found.insert(format!("{rfc} {}", section.rsplit(' ').next().unwrap()));
        }
    }
    for section in SECTIONS {
        assert!(found.contains(section), "{section}");
    }
}

#[test]
fn no_file_of_rules_is_left_out() {
    let named: BTreeSet<_> = named().into_iter().map(|(file, _)| file).collect();
    for entry in fs::read_dir(root().join("tests/rules")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_str().unwrap();
        assert!(named.contains(file) || OTHERS.contains(&file), "{file}");
    }
}

/// Returns file and name of each test in the table.
fn named() -> Vec<(String, String)> {
    let rows = rows();
    let tests = rows
        .iter()
        .flat_map(|row| row.split('`').skip(1).step_by(2));
    let split = |test: &str| {
        let (file, test) = test.split_once("::").unwrap();
        (file.to_owned(), test.to_owned())
    };
    tests.map(split).collect()
}

/// Returns the rows of the table.
fn rows() -> Vec<String> {
    let text = read("src/lib.rs");
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! "));
    let rows = rows.filter(|row| row.starts_with("| ") && !row.starts_with("| Section"));
    rows.map(str::to_owned).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
