-- Payments in full: attempts that wait at the payment company's window or for a deposit, refunds of a part,
-- what the payment company told us, and every difference between its books and ours.
--
-- SQLite cannot change a check, so four tables are copied into wider ones and renamed. Every new column has a
-- default: a process of the version before writes into them as it did.

create table new_payment_intents (
  id text primary key,
  store_id text not null,
  order_id text not null unique,
  amount_won bigint not null check (amount_won > 0),
  state text not null
    check (state in ('requires-method', 'processing', 'awaiting-deposit', 'succeeded', 'refunded', 'canceled')),
  created_at_ms bigint not null,
  -- The attempt whose money this is.
  paid_attempt text,
  -- What of it went back.
  refunded_won bigint not null default 0 check (refunded_won >= 0 and refunded_won <= amount_won),
  -- The number the buyer wants a cash receipt on, or empty.
  cash_receipt text not null default ''
);

create table new_payment_attempts (
  id text primary key,
  store_id text not null,
  intent_id text not null references new_payment_intents (id),
  place bigint not null,
  gateway text not null,
  method text not null,
  state text not null
    check (state in ('opened', 'started', 'awaiting-deposit', 'charged', 'declined', 'unknown', 'refunded')),
  created_at_ms bigint not null,
  -- The buyer's own key for this try, and what was asked with it.
  key text,
  body_hash text not null default '',
  -- The payment company's key, and its word for a refusal.
  provider_key text,
  failure text not null default '',
  captured_won bigint not null default 0 check (captured_won >= 0),
  -- Given back or on its way back. The last net under "never more than was taken".
  refund_won bigint not null default 0,
  -- A virtual account: where to pay in, until when, whence its news is genuine, and where a refund goes.
  bank text not null default '',
  account text not null default '',
  due_at_ms bigint,
  secret_hash text not null default '',
  refund_to text not null default '',
  check (refund_won >= 0 and refund_won <= captured_won),
  unique (intent_id, place),
  unique (intent_id, key),
  unique (gateway, provider_key)
);

insert into new_payment_intents (id, store_id, order_id, amount_won, state, created_at_ms, paid_attempt, refunded_won)
select i.id, i.store_id, i.order_id, i.amount_won, i.state, i.created_at_ms,
       case when i.state in ('succeeded', 'refunded')
            then (select max(a.id) from payment_attempts a
                  where a.intent_id = i.id and a.state in ('charged', 'refunded')) end,
       case i.state when 'refunded' then i.amount_won else 0 end
from payment_intents i;

insert into new_payment_attempts
  (id, store_id, intent_id, place, gateway, method, state, created_at_ms, captured_won, refund_won)
select a.id, a.store_id, a.intent_id, a.place, a.gateway, a.method, a.state, a.created_at_ms,
       case when a.state in ('charged', 'refunded') then i.amount_won else 0 end,
       case a.state when 'refunded' then i.amount_won else 0 end
from payment_attempts a join payment_intents i on i.id = a.intent_id;

drop table payment_attempts;
drop table payment_intents;
alter table new_payment_intents rename to payment_intents;
alter table new_payment_attempts rename to payment_attempts;

create index payment_attempts_standing on payment_attempts (state, created_at_ms);

create table new_ledger_transfers (
  id text primary key,
  store_id text not null,
  attempt_id text not null,
  kind text not null check (kind in ('capture', 'refund', 'reversal')),
  -- Which capture, refund or reversal of the attempt: posted once each.
  reference text not null default '',
  at_ms bigint not null,
  unique (attempt_id, kind, reference)
);

create table new_ledger_entries (
  transfer_id text not null references new_ledger_transfers (id),
  store_id text not null,
  account text not null check (account in ('psp-clearing', 'merchant-payable')),
  amount_won bigint not null,
  primary key (transfer_id, account)
);

insert into new_ledger_transfers (id, store_id, attempt_id, kind, at_ms)
select id, store_id, attempt_id, kind, at_ms from ledger_transfers;
insert into new_ledger_entries (transfer_id, store_id, account, amount_won)
select transfer_id, store_id, account, amount_won from ledger_entries;

drop table ledger_entries;
drop table ledger_transfers;
alter table new_ledger_transfers rename to ledger_transfers;
alter table new_ledger_entries rename to ledger_entries;

create index ledger_transfers_of_store on ledger_transfers (store_id, at_ms);

-- Money on its way back: one row a request, which its key makes the same however often it comes.
create table refunds (
  id text primary key,
  store_id text not null,
  order_id text not null,
  attempt_id text not null references payment_attempts (id),
  key text not null,
  body_hash text not null,
  amount_won bigint not null check (amount_won > 0),
  reason text not null,
  asked_by text not null check (asked_by in ('buyer', 'seller', 'till', 'elsewhere')),
  state text not null check (state in ('asked', 'done', 'failed')),
  failure text not null,
  -- The payment company's key of the cancellation.
  provider_key text,
  created_at_ms bigint not null,
  done_at_ms bigint,
  unique (store_id, key),
  unique (attempt_id, provider_key)
);

create index refunds_of_order on refunds (order_id, created_at_ms);
create index refunds_standing on refunds (state, created_at_ms);

-- What payment companies told us, as it came. It is evidence, not truth: the truth is fetched.
create table payment_inbox (
  id text primary key,
  store_id text not null,
  gateway text not null,
  digest text not null,
  body text not null,
  received_at_ms bigint not null,
  handled_at_ms bigint,
  outcome text not null,
  unique (store_id, digest)
);

create index payment_inbox_lately on payment_inbox (store_id, received_at_ms);

-- Where the payment company's books and ours do not agree. Somebody owns each row until it is settled.
create table payment_differences (
  id text primary key,
  store_id text not null,
  attempt_id text,
  -- The payment company's name for the order.
  provider_order text not null,
  kind text not null,
  ours_won bigint not null,
  theirs_won bigint not null,
  owner text not null check (owner in ('seller', 'operator')),
  state text not null check (state in ('open', 'settled')),
  found_at_ms bigint not null,
  settled_at_ms bigint,
  settled_by text not null,
  unique (store_id, provider_order, kind, ours_won, theirs_won)
);

create index payment_differences_of_store on payment_differences (store_id, state, found_at_ms, id);

-- A kept card is kept with one store's contract; no other store can charge it.
alter table stored_methods add column store_id text not null default '';
