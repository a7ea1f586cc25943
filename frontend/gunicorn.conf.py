"""How gunicorn serves the shop: one process of threads, for a request mostly waits for the function.

HOST and PORT say where, WEB_THREADS (16) how many requests are answered at once.
"""

# ruff: noqa: N999  # gunicorn looks for a file of this name
import os
import re
import sys

from frontend import logs, settings


def _read_host() -> str:
    host = os.environ.get("HOST", "").strip() or "0.0.0.0"  # noqa: S104  # in a pod every address is the pod's own
    if not re.fullmatch(r"[A-Za-z0-9.:_-]+", host):
        raise settings.SettingsError("HOST: must be a host name or an address")
    return f"[{host}]" if ":" in host else host


try:
    _settings = settings.load(os.environ)
    _port = settings.read_number(os.environ, "PORT", default=8080, low=1, high=65535)
    threads = settings.read_number(os.environ, "WEB_THREADS", default=16, low=1, high=256)
    bind = f"{_read_host()}:{_port}"
except settings.SettingsError as error:
    sys.exit(str(error))  # one line and status 1; here and not in a worker, which would leave a traceback

worker_class = "gthread"
workers = 1  # more would each ask for a catalogue of their own; Knative scales by pods
keepalive = 75  # longer than a proxy keeps an idle connection, so that it never sends into a closed one
graceful_timeout = 15  # a request takes a few seconds at most
control_socket_disable = True  # it would be made in the home folder, which a pod may not write to
logconfig_dict = logs.stdlib_config(_settings.log_level)
loglevel = _settings.log_level
