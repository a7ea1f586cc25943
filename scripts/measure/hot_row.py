"""What PostgreSQL by itself does with a hot row: pgbench's plain transactions, one order each."""

import re
import subprocess
from pathlib import Path
from typing import Final

import psycopg

from scripts.local.places import find_place
from scripts.measure.load import LoadError

CLIENTS: Final = 16
_TABLES: Final = """
CREATE TABLE hot_row (id integer PRIMARY KEY, sold integer NOT NULL) WITH (fillfactor = 50);
CREATE TABLE sale (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), row_id integer NOT NULL, name text NOT NULL);
INSERT INTO hot_row VALUES (1, 0);
"""
_TRANSACTION: Final = """
BEGIN;
UPDATE hot_row SET sold = sold + 1 WHERE id = 1;
INSERT INTO sale (row_id, name) VALUES (1, 'A Buyer');
COMMIT;
"""


def create(database_url: str) -> None:
    """Make the tables of the comparison."""
    with psycopg.connect(database_url, autocommit=True) as session:
        session.execute(_TABLES)


def transactions_per_second(server: Path, database_url: str, folder: Path, seconds: float) -> float:
    """pgbench's figure with 16 clients; `server` is the folder of the running PostgreSQL. Raises LoadError."""
    script = folder / "hot_row.sql"
    script.write_text(_TRANSACTION)
    pgbench = find_place(server).binaries / "pgbench"
    command = [str(pgbench), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1", "-T", f"{seconds:.0f}"]
    told = subprocess.run([*command, "-f", str(script), database_url], capture_output=True, text=True, check=False)
    found = re.search(r"^tps = ([0-9.]+)", told.stdout, re.MULTILINE)
    if found is None:
        raise LoadError(f"pgbench failed: {told.stderr.strip()[-300:]}")
    return float(found[1])
