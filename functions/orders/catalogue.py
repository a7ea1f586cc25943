"""The read side: shows with their availability, without a lock."""

from datetime import datetime

import msgspec

from functions.orders.contract import Catalogue, ListedShow
from functions.orders.database import Connection

_CATALOGUE = """
SELECT coalesce(json_agg(show ORDER BY starts_at, slug), '[]')::text FROM (
    SELECT s.slug, s.starts_at, json_build_object(
        'slug', s.slug, 'title', s.title, 'venue', s.venue, 'starts_at', s.starts_at,
        'sales_start', s.sales_start, 'sales_end', s.sales_end, 'image', s.image,
        'on_sale', s.sales_start <= %(now)s AND %(now)s < s.sales_end,
        'ticket_types', json_agg(json_build_object(
            'id', t.id, 'name', t.name, 'price', t.price, 'currency', t.currency, 'capacity', k.capacity,
            'available', k.capacity - k.sold, 'limit_per_order', t.limit_per_order) ORDER BY t.position)
    ) AS show
    FROM shows s
    JOIN ticket_types t ON t.show = s.slug AND t.listed
    JOIN stock k ON k.show = t.show AND k.ticket_type = t.id
    GROUP BY s.slug
) AS listed
"""


async def read_catalogue(connection: Connection, now: datetime) -> Catalogue:
    """All shows as they stand at `now`, by their start."""
    row = await (await connection.execute(_CATALOGUE, {"now": now})).fetchone()
    shows = msgspec.json.decode(row[0] if row else "[]", type=tuple[ListedShow, ...])
    return Catalogue(as_of=now, shows=shows)
