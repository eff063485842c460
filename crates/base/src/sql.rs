//! `sql!`: one SQL text, run on whichever engine is open.

/// Runs one statement. The first word says what comes back:
/// `run` rows touched · `one` a row · `opt` a row or none · `all` rows · `value` one column of one row
/// · `maybe` that or none · `values` one column of every row.
///
/// On `&mut Tx` it is part of the transaction; on `&Db` it only reads.
///
/// Both engines read the same text: `$1` placeholders, `json_each($1) as j` for sets (with
/// `cast(j.value ->> 'field' as bigint)`), `cast(sum(x) as bigint)` because PostgreSQL widens sums,
/// and `where true` between `insert … select` and `on conflict`, which SQLite needs.
#[macro_export]
macro_rules! sql {
    (run $on:expr, $text:expr $(, $value:expr)* $(,)?) => {
        match $crate::db::Run::handle($on) {
            $crate::db::Handle::Sqlite(to) => match to.take().await {
                Ok(mut to) => $crate::sqlx::query($text)$(.bind($value))*
                    .execute(&mut *to).await.map(|done| done.rows_affected()),
                Err(closed) => Err(closed),
            },
            $crate::db::Handle::Postgres(to) => $crate::sqlx::query($text)$(.bind($value))*
                .execute(to).await.map(|done| done.rows_affected()),
            $crate::db::Handle::SqliteTx(to) => $crate::sqlx::query($text)$(.bind($value))*
                .execute(&mut *to).await.map(|done| done.rows_affected()),
            $crate::db::Handle::PostgresTx(to) => $crate::sqlx::query($text)$(.bind($value))*
                .execute(&mut *to).await.map(|done| done.rows_affected()),
        }
        .map_err($crate::Error::from)
    };
    (one $on:expr, $($rest:tt)+) => { $crate::sql!(@ query_as fetch_one $on, $($rest)+) };
    (opt $on:expr, $($rest:tt)+) => { $crate::sql!(@ query_as fetch_optional $on, $($rest)+) };
    (all $on:expr, $($rest:tt)+) => { $crate::sql!(@ query_as fetch_all $on, $($rest)+) };
    (value $on:expr, $($rest:tt)+) => { $crate::sql!(@ query_scalar fetch_one $on, $($rest)+) };
    (maybe $on:expr, $($rest:tt)+) => { $crate::sql!(@ query_scalar fetch_optional $on, $($rest)+) };
    (values $on:expr, $($rest:tt)+) => { $crate::sql!(@ query_scalar fetch_all $on, $($rest)+) };
    (@ $query:ident $fetch:ident $on:expr, $text:expr $(, $value:expr)* $(,)?) => {
        match $crate::db::Run::handle($on) {
            $crate::db::Handle::Sqlite(to) => match to.take().await {
                Ok(mut to) => $crate::sqlx::$query::<$crate::sqlx::Sqlite, _>($text)$(.bind($value))*
                    .$fetch(&mut *to).await,
                Err(closed) => Err(closed),
            },
            $crate::db::Handle::Postgres(to) =>
                $crate::sqlx::$query::<$crate::sqlx::Postgres, _>($text)$(.bind($value))*.$fetch(to).await,
            $crate::db::Handle::SqliteTx(to) =>
                $crate::sqlx::$query::<$crate::sqlx::Sqlite, _>($text)$(.bind($value))*.$fetch(&mut *to).await,
            $crate::db::Handle::PostgresTx(to) =>
                $crate::sqlx::$query::<$crate::sqlx::Postgres, _>($text)$(.bind($value))*.$fetch(&mut *to).await,
        }
        .map_err($crate::Error::from)
    };
}
