-- A question goes out of sight with the line that asked it first, and comes back with it.

alter table questions add column line_id text;
alter table questions add column hidden boolean not null default false;

create index questions_of_line on questions (line_id);
