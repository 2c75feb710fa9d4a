//! The rooms of the house: who may import whom, and what stands in one room alone.
//!
//! Reads the sources as text. The relay's crates are held apart by the compiler; here only their lists of dependencies are looked at.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Which rooms of `src/` a room may import. `ARCHITECTURE.md` tells the same in words.
const ROOMS: [(&str, &[&str]); 15] = [
    ("causes", &[]),
    ("certificates", &["causes"]),
    ("config", &[]),
    ("domain", &[]),
    ("store", &["domain"]),
    ("bus", &["domain"]),
    ("media", &["domain"]),
    (
        "metrics",
        &["bus", "certificates", "domain", "media", "service", "store"],
    ),
    ("service", &["domain", "store", "bus", "media"]),
    ("wire", &["domain"]),
    ("http", &["causes", "domain", "service", "wire"]),
    ("gateway", &["domain", "service", "bus", "wire"]),
    ("control", &["causes", "certificates", "domain", "service"]),
    (
        "backup",
        &["causes", "config", "control", "domain", "store"],
    ),
    ("cli", &["config", "control", "domain"]),
];

/// The files that build the house out of its rooms.
const ROOT: [&str; 6] = [
    "main.rs",
    "lib.rs",
    "assembly.rs",
    "reach.rs",
    "reload.rs",
    "supervisor.rs",
];

/// Which words stand in which places of `src/` alone.
const KEPT_IN: [(&str, &[&str]); 12] = [
    // Ids and times bind themselves, so that `domain` knows the crate, but no statement.
    ("sqlx", &["store", "domain"]),
    ("sqlx::query", &["store"]),
    ("\"select ", &["store"]),
    ("\"insert into ", &["store"]),
    ("\"update ", &["store"]),
    ("\"delete from ", &["store"]),
    ("std::env", &["config"]),
    ("env::var", &["config"]),
    ("anyhow", &["main.rs"]),
    ("net::Relay", &["media"]),
    ("sfu::", &["media"]),
    ("turn::", &["media"]),
];

/// Which of our crates and which crates with sockets, threads or clocks a crate of `relay/` may name.
const RELAY: [(&str, &[&str]); 4] = [
    ("stun", &[]),
    ("turn", &["stun"]),
    ("sfu", &[]),
    (
        "net",
        &[
            "stun",
            "turn",
            "sfu",
            "mio",
            "nix",
            "quinn-udp",
            "rustix",
            "socket2",
            "tokio",
            "tokio-rustls",
        ],
    ),
];
const SHELL_CRATES: [&str; 11] = [
    "stun",
    "turn",
    "sfu",
    "net",
    "mio",
    "nix",
    "quinn-udp",
    "rustix",
    "socket2",
    "tokio",
    "tokio-rustls",
];

/// In `web/src`, whose values a folder may use; types of what is passed along may be named everywhere.
const WEB: [(&str, &[&str]); 5] = [
    ("api", &[]),
    ("rtc", &["api"]),
    ("stores", &["api", "rtc"]),
    ("ui", &[]),
    ("views", &["stores", "ui"]),
];

/// In lines without tests; a fault, whoever owns the file.
const LONGEST_FILE: usize = 600;

#[test]
fn each_room_imports_only_what_the_table_allows() {
    let table: BTreeMap<_, _> = ROOMS.into_iter().collect();
    let mut faults = Vec::new();
    for file in sources("src", "rs") {
        let Some(room) = room_of(&file) else { continue };
        let Some(allowed) = table.get(room.as_str()) else {
            faults.push(format!(
                "{}: the room `{room}` is not in the table",
                file.display()
            ));
            continue;
        };
        for imported in rooms_named_in(&code_of(&file), depth_of(&file)) {
            if imported != room
                && table.contains_key(imported.as_str())
                && !allowed.contains(&imported.as_str())
            {
                faults.push(format!("{}: `{room}` imports `{imported}`", file.display()));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn what_belongs_to_one_room_stands_there_alone() {
    let mut faults = Vec::new();
    for file in sources("src", "rs") {
        let code = code_of(&file);
        let inside = file
            .strip_prefix(root().join("src"))
            .expect("a file of src/");
        for (word, rooms) in KEPT_IN {
            let at_home = rooms.iter().any(|room| inside.starts_with(room))
                || ROOT.iter().any(|file| inside == Path::new(file));
            if !at_home && has_word(&code, word) {
                faults.push(format!("{}: `{word}` belongs to {rooms:?}", file.display()));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn the_cores_of_the_relay_have_no_sockets_threads_or_runtimes() {
    for (name, allowed) in RELAY {
        let manifest =
            fs::read_to_string(root().join("relay").join(name).join("Cargo.toml")).unwrap();
        let mut in_dependencies = false;
        for line in manifest.lines() {
            if line.starts_with('[') {
                in_dependencies = line.starts_with("[dependencies");
            }
            let key = line.split(['=', '.', ' ']).next().unwrap_or_default();
            let forbidden =
                in_dependencies && SHELL_CRATES.contains(&key) && !allowed.contains(&key);
            assert!(!forbidden, "relay/{name} depends on `{key}`");
        }
    }
}

#[test]
fn each_folder_of_the_web_client_imports_only_what_the_table_allows() {
    let mut faults = Vec::new();
    for (folder, allowed) in WEB {
        let home = root().join("web/src").join(folder);
        let files = ["ts", "tsx"]
            .into_iter()
            .flat_map(|kind| sources("web/src", kind));
        for file in files.filter(|file| file.starts_with(&home)) {
            for imported in folders_imported_by(&code_of(&file)) {
                if imported != folder && !allowed.contains(&imported) {
                    faults.push(format!(
                        "{}: `{folder}` imports `{imported}`",
                        file.display()
                    ));
                }
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn every_module_says_what_it_owns() {
    let silent: Vec<_> = ours()
        .into_iter()
        .filter(|file| !fs::read_to_string(file).unwrap().starts_with("//!"))
        .collect();
    assert_eq!(silent, Vec::<PathBuf>::new(), "these open without `//!`");
}

#[test]
fn no_file_has_outgrown_its_room() {
    let written = ["ts", "tsx", "css"]
        .into_iter()
        .flat_map(|kind| sources("web/src", kind));
    let long: Vec<_> = ours()
        .into_iter()
        .chain(written.filter(|file| !file.ends_with("schema.ts")))
        .map(|file| (lines_without_tests(&file), file))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .collect();
    assert_eq!(
        long,
        Vec::<(usize, PathBuf)>::new(),
        "these have more than {LONGEST_FILE} lines"
    );
}

#[test]
fn imports_are_found_in_every_form() {
    let code = "use crate::store::Db;\nuse crate::{bus::{Bus, x}, domain};\nfn f() -> crate::http::ApiError { super::super::gateway::g() }";
    let found: Vec<_> = rooms_named_in(code, 2).into_iter().collect();
    assert_eq!(found, ["bus", "domain", "gateway", "http", "store"]);
    assert!(!rooms_named_in("super::super::gateway::g()", 3).contains("gateway"));
    assert!(has_word("use sqlx::query;", "sqlx") && !has_word("my_sqlx_like()", "sqlx"));
    assert_eq!(
        without_comments("a // use crate::store\n/// crate::bus\nb"),
        "a \n\nb\n"
    );
}

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// Every Rust source of the binary and of the relay.
fn ours() -> Vec<PathBuf> {
    ["src", "relay", "tests"]
        .into_iter()
        .flat_map(|folder| sources(folder, "rs"))
        .collect()
}

fn sources(folder: &str, kind: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.expect("readable").path();
            let name = path.file_name().unwrap_or_default();
            if path.is_dir() && name != "target" && name != "node_modules" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == kind) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Returns the room of a file of `src/`; those of the root are in none.
fn room_of(file: &Path) -> Option<String> {
    let inside = file
        .strip_prefix(root().join("src"))
        .expect("a file of src/");
    let first = inside.components().next()?.as_os_str().to_str()?;
    match first.strip_suffix(".rs") {
        Some(_) if ROOT.iter().any(|file| file == &first) => None,
        Some(room) => Some(room.into()),
        None => Some(first.into()),
    }
}

/// Returns how many `super::` lead from the file's module to the crate.
fn depth_of(file: &Path) -> usize {
    let inside = file
        .strip_prefix(root().join("src"))
        .expect("a file of src/");
    inside.components().count() - usize::from(inside.ends_with("mod.rs"))
}

/// Returns the first names of all paths that begin at the crate.
fn rooms_named_in(code: &str, depth: usize) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for start in ["crate::".to_owned(), "super::".repeat(depth)] {
        for (at, _) in code.match_indices(&start) {
            let preceded =
                code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            if !preceded {
                named.extend(first_names(&code[at + start.len()..]));
            }
        }
    }
    named
}

/// Returns `a` of `a::b`, and `a`, `b` of `{a::{c, d}, b}`.
fn first_names(path: &str) -> Vec<String> {
    let word = |text: &str| {
        text.trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    let Some(group) = path.strip_prefix('{') else {
        return vec![word(path)];
    };
    let (mut depth, mut names, mut item) = (0, Vec::new(), String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(word(&std::mem::take(&mut item))),
            c if depth == 0 => item.push(c),
            _ => {}
        }
    }
    names.push(word(&item));
    names.retain(|name| !name.is_empty());
    names
}

/// Returns the folders of `web/src` whose values a TypeScript file uses.
fn folders_imported_by(code: &str) -> Vec<&'static str> {
    let statements = code
        .split("import ")
        .skip(1)
        .filter(|statement| !statement.starts_with("type "));
    let paths = statements.filter_map(|statement| statement.split('"').nth(1));
    paths
        .filter_map(|path| {
            WEB.iter()
                .map(|(folder, _)| *folder)
                .find(|folder| path.starts_with(&format!("../{folder}/")))
        })
        .collect()
}

fn has_word(code: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let after = &code[at + word.len()..];
        !code[..at].ends_with(part_of_word)
            && (word.ends_with([':', ' ']) || !after.starts_with(part_of_word))
    })
}

fn code_of(file: &Path) -> String {
    without_comments(&fs::read_to_string(file).expect("readable"))
}

fn without_comments(text: &str) -> String {
    text.lines()
        .map(|line| format!("{}\n", line.split("//").next().unwrap_or_default()))
        .collect()
}

fn lines_without_tests(file: &Path) -> usize {
    if file.ends_with("tests.rs") {
        return 0;
    }
    let text = fs::read_to_string(file).expect("readable");
    text.lines()
        .position(|line| line == "mod tests {")
        .unwrap_or_else(|| text.lines().count())
}
