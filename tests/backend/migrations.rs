//! The two folders of migrations say the same.

use std::collections::BTreeSet;
use std::path::Path;

use sqlx::{Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::support::{Kind, database};

fn names(folder: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("migrations")
        .join(folder);
    let mut names: Vec<_> = std::fs::read_dir(path)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn both_databases_have_the_same_migrations() {
    assert_eq!(names("sqlite"), names("postgres"));
}

#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    let folder = TempDir::new().unwrap();
    let (_sqlite, _) = database(Kind::Sqlite, &folder).await;
    let file = format!("sqlite:{}", folder.path().join("test.db").display());
    let mut sqlite = SqliteConnection::connect(&file).await.unwrap();
    let in_sqlite: Vec<(String, String, bool)> = sqlx::query_as(
        "select t.name, c.name, c.\"notnull\" = 0 from sqlite_master t, pragma_table_info(t.name) c where t.type = 'table'",
    )
    .fetch_all(&mut sqlite)
    .await
    .unwrap();

    let (_postgres, url) = database(Kind::Postgres, &folder).await;
    let mut postgres = PgConnection::connect(&url.unwrap()).await.unwrap();
    let in_postgres: Vec<(String, String, bool)> = sqlx::query_as(
        "select table_name::text, column_name::text, is_nullable = 'YES' from information_schema.columns
         where table_schema = 'public'",
    )
    .fetch_all(&mut postgres)
    .await
    .unwrap();

    let ours = |rows: Vec<(String, String, bool)>| -> BTreeSet<_> {
        rows.into_iter()
            .filter(|(table, _, _)| !table.starts_with('_') && !table.starts_with("sqlite_"))
            .collect()
    };
    let (in_sqlite, in_postgres) = (ours(in_sqlite), ours(in_postgres));
    assert!(
        in_sqlite
            .iter()
            .any(|(table, column, _)| table == "messages" && column == "rev")
    );
    assert_eq!(in_sqlite, in_postgres);
}
