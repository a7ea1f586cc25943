"""Log files that cannot fill a disk."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 5 * 1024 * 1024


class LogFile:
    """A file of lines; beyond `max_bytes` it becomes the one former file, NAME.1, and a new one begins."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def write(self, line: str) -> None:
        """Add a line; nothing happens after `close`. A full disk loses lines, and stops nobody."""
        with self._lock, suppress(OSError):
            if self._file.closed:
                return
            if self._file.tell() + len(line) > self._max_bytes:
                self._file.close()
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))
                self._file = self._path.open("a", encoding="utf-8", buffering=1)
            self._file.write(f"{line}\n")

    def close(self) -> None:
        """Close the file; what is written later is dropped."""
        with self._lock:
            self._file.close()
