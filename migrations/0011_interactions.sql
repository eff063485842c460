-- What a seller does with the room: announcements, polls, quizzes, draws and coupons that are handed out; and coupons
-- that hold only for whoever took one. And who paid for a show.

create table interactions (
  id text primary key,
  broadcast_id text not null references broadcasts (id),
  kind text not null check (kind in ('announcement', 'poll', 'quiz', 'draw', 'coupon')),
  -- Where it stands on the screen; one of each at a time.
  place text not null check (place in ('banner', 'card')),
  said text not null,
  -- Words of the choices, and how often each was chosen: two lists of JSON, in one order. What has no choices has one
  -- count.
  choices text not null,
  counts text not null,
  -- The place of the right choice, of a quiz.
  answer bigint,
  -- The coupon that is handed out, or that the winners get.
  coupon_id text,
  -- Winners, or coupons; 0: no limit.
  quantity bigint not null check (quantity >= 0),
  -- On the media clock.
  opened_at_ms bigint not null,
  closed_at_ms bigint,
  -- On the wall's clock: when it closes by itself.
  closes_at_ms bigint,
  -- Of a draw: the hash of its seed, told at once; the seed and the winners' tickets, told at the end.
  commitment text not null,
  seed text not null,
  winners text not null,
  made_key text not null unique,
  made_of text not null
);

create index interactions_of_broadcast on interactions (broadcast_id, opened_at_ms, id);
create unique index interactions_open on interactions (broadcast_id, place) where closed_at_ms is null;

-- One for each person, whatever they tap.
create table interaction_answers (
  interaction_id text not null references interactions (id),
  person_id text not null,
  choice bigint not null,
  -- Of a draw: what the winners are drawn from.
  ticket text not null,
  name text not null,
  at_ms bigint not null,
  primary key (interaction_id, person_id)
);

-- Who paid for the show; empty: nobody did.
alter table broadcasts add column sponsor text not null default '';

alter table coupons add column by_claim boolean not null default false;

create table coupon_claims (
  coupon_id text not null references coupons (id),
  buyer text not null,
  at_ms bigint not null,
  primary key (coupon_id, buyer)
);
