"""An application that listens until it is stopped."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

from starlette.applications import Starlette

from proportrait.errors import ConfigurationError

_MOST_OPEN = 2000  # connections at once
_GRACE_S = 30  # in which requests under way are answered at the end


def listen(app: Starlette, host: str, port: int, announce: Callable[[int], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; requests under way are answered first.

    Args:
        app: what answers.
        host: address to listen at.
        port: 0 takes a free one.
        announce: called with the port once connections are taken.

    Raises:
        ConfigurationError: nothing can listen there.
    """
    import uvicorn

    config = uvicorn.Config(
        app, host, port, ws="none", log_level="warning", access_log=False, server_header=False,
        proxy_headers=False, limit_concurrency=_MOST_OPEN, timeout_graceful_shutdown=_GRACE_S,
    )  # fmt: skip
    try:
        listener = config.bind_socket()
    except SystemExit:
        message = f"nothing can listen at port {port} of {host}: try another --port"
        raise ConfigurationError(message) from None
    listener.listen(config.backlog)  # whoever comes before the application has started waits
    announce(listener.getsockname()[1])
    # uvicorn raises the signal anew once all is answered; the process then ends as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        uvicorn.Server(config).run([listener])
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
