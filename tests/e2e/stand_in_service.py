"""A service of almost nothing, to test the stack that runs services; not a test itself.

It answers any GET with what it knows as JSON. Its environment makes it misbehave:
STAND_IN_FAILS=<instance> exits at once, STAND_IN_SLOW_STOP=<instance> ignores SIGTERM.
"""

from __future__ import annotations

import http.server
import json
import os
import signal
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = {
            "instance": os.environ["ADDA_INSTANCE"],
            "pid": os.getpid(),
            "path": self.path,
            "headers": dict(self.headers.items()),
            "environment": {k: v for k, v in os.environ.items() if k.startswith("ADDA_")},
        }
        body = json.dumps(known).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    instance = os.environ.get("ADDA_INSTANCE", "one-shot")
    print(f"{instance} starts", flush=True)
    if os.environ.get("STAND_IN_FAILS") == instance:
        sys.exit(f"{instance} cannot find its configuration")
    if len(sys.argv) > 1:
        return  # a one-shot: done
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if os.environ.get("STAND_IN_SLOW_STOP") == instance:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    address = (os.environ["ADDA_HOST"], int(os.environ["ADDA_PORT"]))
    http.server.ThreadingHTTPServer(address, Handler).serve_forever()


if __name__ == "__main__":
    main()
