-- Orders of several stores that were placed together, each with a payment and a contract of its own. They name the
-- first of them.
drop view order_summaries;

alter table orders add column checkout_id text;
create index orders_of_checkout on orders (checkout_id, id) where checkout_id is not null;

create view order_summaries as
select o.*, l.product_name as first_name, l.product_name_en as first_name_en, l.variant_name as first_variant,
       l.quantity as first_quantity, l.cover as first_cover,
       (select count(*) from order_lines n where n.order_id = o.id) as line_count,
       s.name as store_name, s.name_en as store_name_en
from orders o
join order_lines l on l.order_id = o.id and l.place = 0
join stores s on s.id = o.store_id;
