"""`python -m kamen.probe [/readyz]`: asks the web process here whether it is well, for container health checks.

Speaks as the proxy would (the mall's own name, https), so that the answer is not a redirect.
"""

import http.client
import os
import sys
from urllib.parse import urlsplit


def ask(path: str, *, port: int, host: str, seconds: float = 5) -> int:
    """The status of the answer; raises `OSError` if there is none."""
    there = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        there.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
        return there.getresponse().status
    finally:
        there.close()


def main() -> int:
    """0: well. 1: not well, with one sentence."""
    path = sys.argv[1] if len(sys.argv) > 1 else "/healthz"
    port = int(os.environ.get("PORT") or 8000)
    host = urlsplit(os.environ.get("PUBLIC_ADDRESS") or "http://localhost").netloc
    try:
        status = ask(path, port=port, host=host)
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"{path} on port {port} does not answer: {error}\n")
        return 1
    if status != 200:
        sys.stderr.write(f"{path} on port {port} answers {status}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
