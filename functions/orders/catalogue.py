"""The read side: shows with their availability, without a lock."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from functions.orders.contract import Catalogue, ListedShow
from functions.orders.database import Connection, Session

MAX_AGE_S: Final = 0.3  # the frontend keeps its copy for half a second more: together less than one

_CATALOGUE = """
SELECT coalesce(json_agg(show ORDER BY starts_at, slug), '[]')::text FROM (
    SELECT s.slug, s.starts_at, json_build_object(
        'slug', s.slug, 'title', s.title, 'venue', s.venue, 'image', s.image,
        'starts_at', local_time(s.starts_at, s.utc_offset),
        'sales_start', local_time(s.sales_start, s.utc_offset),
        'sales_end', local_time(s.sales_end, s.utc_offset),
        'on_sale', s.sales_start <= $1::timestamptz AND $1::timestamptz < s.sales_end,
        'ticket_types', json_agg(json_build_object(
            'id', t.id, 'name', t.name, 'price', t.price, 'currency', t.currency, 'capacity', k.capacity,
            'available', k.capacity - k.sold, 'limit_per_order', t.limit_per_order) ORDER BY t.position)
    ) AS show
    FROM shows s
    JOIN ticket_types t ON t.show = s.slug AND t.listed
    JOIN stock k ON k.show = t.show AND k.ticket_type = t.id
    WHERE NOT s.hidden
    GROUP BY s.slug
) AS listed
"""


class CatalogueReader:
    """Reads the catalogue at most every `MAX_AGE_S` seconds, for however many readers."""

    def __init__(self, session: Session, now: Callable[[], datetime]) -> None:
        self._session = session
        self._now = now
        self._known: Catalogue | None = None

    async def read(self) -> Catalogue:
        """The listed shows by their start, as they stood at `as_of`. Raises psycopg.Error when the database is away."""
        if self._known is None or self._is_old(self._known):
            async with self._session.connection() as connection:
                if self._known is None or self._is_old(self._known):  # unless another reader was first
                    self._known = await read_catalogue(connection, self._now())
        return self._known

    def _is_old(self, catalogue: Catalogue) -> bool:
        return abs((self._now() - catalogue.as_of).total_seconds()) > MAX_AGE_S


async def read_catalogue(connection: Connection, now: datetime) -> Catalogue:
    """The shows as they stand at `now`, by their start, without the hidden ones."""
    ((shows,),) = (await connection.run((_CATALOGUE, (now.isoformat(),))))[0]
    return Catalogue(as_of=now, shows=msgspec.json.decode(shows or "[]", type=tuple[ListedShow, ...]))
