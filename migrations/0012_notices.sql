-- What people asked to be told, and what was told.

-- Somebody wants to know when a show begins. One row, one notice: it is marked in the transaction that owes it.
create table notices (
  broadcast_id text not null references broadcasts (id),
  person_id text not null,
  -- The language they asked in, and the address under which they know the market.
  lang text not null,
  home text not null,
  -- Stands in the link that stops notices; whoever has it can do nothing else with it.
  stop_key text not null unique,
  -- 'due': the show has begun; 'queued': a job has it; 'pushed': the browser's service has it to deliver.
  state text not null check (state in ('asked', 'due', 'queued', 'pushed', 'told', 'lost')),
  asked_at_ms bigint not null,
  told_at_ms bigint,
  primary key (broadcast_id, person_id)
);

create index notices_of_person on notices (person_id, state);
create index notices_of_broadcast on notices (broadcast_id, state, person_id);

-- Browsers that may be told: where their push service takes messages, and what those are sealed with.
create table push_browsers (
  id text primary key,
  person_id text not null,
  endpoint text not null unique,
  point text not null,
  auth text not null,
  made_at_ms bigint not null
);

create index push_browsers_of_person on push_browsers (person_id, made_at_ms, id);

-- Pushes that were sent, or may have been: none is sent twice.
create table pushes (
  broadcast_id text not null,
  browser_id text not null,
  at_ms bigint not null,
  primary key (broadcast_id, browser_id)
);

create index pushes_age on pushes (at_ms);

-- Letters that have left the house, or may have: none goes out twice.
create table letters (
  id text primary key,
  at_ms bigint not null
);

create index letters_age on letters (at_ms);
