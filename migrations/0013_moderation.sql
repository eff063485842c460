-- A room that is kept in order: slow mode, words a store will not have, people who were muted; and the questions that
-- were asked.

-- Seconds between two lines of one person; 0: as they like.
alter table broadcasts add column slow_s bigint not null default 0;

create table banned_words (
  store_id text not null,
  word text not null,
  made_at_ms bigint not null,
  primary key (store_id, word)
);

create table mutes (
  broadcast_id text not null references broadcasts (id),
  person_id text not null,
  name text not null,
  at_ms bigint not null,
  primary key (broadcast_id, person_id)
);

create table questions (
  id text primary key,
  broadcast_id text not null references broadcasts (id),
  -- As it was first asked, what it comes down to, and how often it was.
  said text not null,
  gist text not null,
  asked bigint not null,
  -- On the media clock.
  first_at_ms bigint not null,
  answered_at_ms bigint,
  dismissed_at_ms bigint
);

create index questions_of_broadcast on questions (broadcast_id, first_at_ms, id);
