-- Events on their way to the screens, and jobs on their way to be done.

create table events (
  id text primary key,
  topic text not null,
  payload text not null
);

create table jobs (
  id text primary key,
  name text not null,
  payload text not null,
  run_at_ms bigint not null,
  locked_until_ms bigint not null,
  attempts bigint not null,
  failed boolean not null
);

create index jobs_due on jobs (failed, run_at_ms, id);

create table settings (
  name text primary key,
  value text not null
);
