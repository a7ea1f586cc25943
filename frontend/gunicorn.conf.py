"""How gunicorn serves the shop: one process of threads, for a request mostly waits for the function.

HOST and PORT say where, WEB_THREADS (16) how many requests are answered at once, WEB_WAITING (32) how many wait.
"""

# ruff: noqa: N999  # gunicorn looks for a file of this name
import gc
import os
import sys
from typing import Any

from frontend import admission, logs, settings

try:
    _settings = settings.load(os.environ)
except settings.SettingsError as error:
    sys.exit(str(error))  # one line and status 1; here and not in a worker, which would leave a traceback

_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host
bind = f"{_host}:{_settings.port}"
threads = admission.server_threads(_settings.web_threads, _settings.web_waiting)
worker_class = "frontend.server.Worker"
logger_class = "frontend.server.Log"
workers = 1  # more would each ask for a catalogue of their own; Knative scales by pods
keepalive = 75  # longer than a proxy keeps an idle connection, so that it never sends into a closed one
graceful_timeout = 15  # a request takes a few seconds at most
control_socket_disable = True  # it would be made in the home folder, which a pod may not write to
logconfig_dict = logs.stdlib_config(_settings.log_level)
loglevel = _settings.log_level


def post_worker_init(_worker: Any) -> None:
    """What the start made is here to stay: the garbage collector need not look through it for every few requests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
