"""A client of the ledger's database that takes the hot row and then waits: to be stopped in mid-transaction.

`python3 -m tests.functions.vanishing URL` prints `locked` when it has the rows, in a session like the function's own.
"""

import asyncio
import sys

from functions.orders.database import Session


async def lock_and_wait(url: str) -> None:
    async with Session(url).connection() as connection:
        await connection.execute("BEGIN")
        await connection.execute("SELECT FROM stock FOR UPDATE")
        sys.stdout.write("locked\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(lock_and_wait(sys.argv[1]))
