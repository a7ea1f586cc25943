"""What keeps a stack from starting, in words for a person."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from scripts import migrate
from scripts.local.ports import NoFreePort
from scripts.local.postgres import PostgresError


class StackError(Exception):
    """The stack does not start. The message is one for a person."""


class AlreadyRuns(StackError):
    """Another stack uses the folder."""


@contextmanager
def told_as_stack_error() -> Iterator[None]:
    """Turns what may go wrong in the parts into the stack's own error."""
    try:
        yield
    except (PostgresError, NoFreePort, migrate.Unreachable, migrate.Failed, psycopg.Error) as error:
        raise StackError(str(error)) from error
    except OSError as error:
        raise StackError(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from error
