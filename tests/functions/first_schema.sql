-- What the function had written when there was one migration: 2 seats sold, 1 sold and cancelled, a refusal, and a
-- cancel that came before its order.
INSERT INTO shows (slug, title, venue, starts_at, sales_start, sales_end, utc_offset, image, published_at) VALUES
    ('old-show', 'Old Show', 'Old Hall', now() + interval '9 days', now() - interval '9 days',
     now() + interval '9 days', '+02:00', NULL, now() - interval '9 days');
INSERT INTO ticket_types (show, id, name, price, currency, limit_per_order, position, listed) VALUES
    ('old-show', 'seat', 'Seat', 2500, 'EUR', 4, 1, true);
INSERT INTO stock (show, ticket_type, capacity, sold, version) VALUES ('old-show', 'seat', 3, 2, 4);
INSERT INTO orders (order_id, status, reason, fingerprint, show, lines, available, total, currency, name, email,
                    placed_at, decided_at, revision) VALUES
    ('00000000-0000-4000-8000-000000000001', 'confirmed', NULL, '753ea1967c9a38336ffdab506eaa1330eb5be901fbb58c4d81b306cd2c476d7a', 'old-show',
     '[{"ticket_type": "seat", "name": "Seat", "quantity": 2, "price": 2500}]', '[]', 5000, 'EUR',
     'Ann Buyer', 'ann@example.org', now() - interval '8 days', now() - interval '8 days', 'orders-stable-0'),
    ('00000000-0000-4000-8000-000000000002', 'cancelled', NULL, 'f', 'old-show',
     '[{"ticket_type": "seat", "name": "Seat", "quantity": 1, "price": 2500}]', '[]', 2500, 'EUR',
     'Bob', 'bob@example.org', now() - interval '7 days', now() - interval '7 days', 'orders-stable-0'),
    ('00000000-0000-4000-8000-000000000003', 'rejected', 'sold_out', 'f', 'old-show', '[]',
     '[{"ticket_type": "seat", "available": 0, "version": 3}]', 0, '', '', '',
     now() - interval '7 days', now() - interval '7 days', 'orders-stable-0'),
    ('00000000-0000-4000-8000-000000000004', 'cancelled', NULL, '', '', '[]', '[]', 0, '', '', '',
     now() - interval '6 days', now() - interval '6 days', 'orders-stable-0');
INSERT INTO tickets (code, order_id, ticket_type, position) VALUES
    ('AAAA', '00000000-0000-4000-8000-000000000001', 'seat', 1), ('BBBB', '00000000-0000-4000-8000-000000000001', 'seat', 2), ('CCCC', '00000000-0000-4000-8000-000000000002', 'seat', 1);
INSERT INTO stock_journal (show, ticket_type, version, capacity, sold, cause, order_id, at) VALUES
    ('old-show', 'seat', 1, 3, 0, 'published', NULL, now() - interval '9 days'),
    ('old-show', 'seat', 2, 3, 2, 'sold', '00000000-0000-4000-8000-000000000001', now() - interval '8 days'),
    ('old-show', 'seat', 3, 3, 3, 'sold', '00000000-0000-4000-8000-000000000002', now() - interval '7 days'),
    ('old-show', 'seat', 4, 3, 2, 'cancelled', '00000000-0000-4000-8000-000000000002', now() - interval '6 days');
