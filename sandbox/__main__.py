"""`python -m sandbox`: starts the local Codat and says where it listens."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.server import SandboxServer
from sandbox.settings import Options, Settings
from sandbox.signature import is_secret, new_secret

READY = "Sandbox ready at"


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    options = read_options(given, os.environ)
    try:
        server = SandboxServer(options)
    except OSError as error:
        sys.stderr.write(f"The sandbox cannot listen on {options.host} port {options.port}: {error.strerror}.\n")
        return 1
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    if given.until_stdin_closes:
        threading.Thread(target=_wait_for_parent, args=[stopping], name="parent", daemon=True).start()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="listener", daemon=True).start()
    sys.stdout.write(f"{READY} {server.url}\n")
    sys.stdout.flush()
    stopping.wait()
    server.app.close()
    server.socket.close()
    return 0


def _wait_for_parent(stopping: threading.Event) -> None:
    """Standard input ends when the process that started us does."""
    while os.read(0, 4096):  # not through sys.stdin, whose lock a waiting thread would keep at the end
        pass
    stopping.set()


def read_options(given: argparse.Namespace, environ: Mapping[str, str]) -> Options:
    """The command line; secrets may come from the environment instead, where no process list shows them."""
    secret = given.webhook_secret or environ.get("SANDBOX_WEBHOOK_SECRET") or new_secret()
    if not is_secret(secret):
        raise SystemExit("The webhook secret must be whsec_ followed by base64.")
    settings = Settings(
        api_key=given.api_key or environ.get("SANDBOX_API_KEY") or "demo-key",
        webhook_secret=secret,
        one_time_links=not given.no_one_time_links,
        link_host=given.link_host,
        software_host=given.software_host,
        latency_seconds=given.latency_ms / 1000,
        read_seconds=given.read_seconds,
    )
    return Options(
        host=given.host,
        port=given.port,
        public_url=given.public_url.rstrip("/"),
        redirect_url=given.redirect_url,
        webhook_url=given.webhook_url,
        state_file=given.state,
        settings=settings,
        quota={"daily": given.daily, "per_minute": given.per_minute, "retry_after": given.retry_after},
        rules=_rules(given),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A local Codat for trying and testing.")
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    add("--port", type=int, default=8090, help="port to listen on; 0 for any free one (8090)")
    add("--public-url", default="", help="how others reach it, if not by host and port")
    add("--api-key", default="", help="the key that clients must send; also SANDBOX_API_KEY (demo-key)")
    add("--webhook-secret", default="", help="whsec_…; also SANDBOX_WEBHOOK_SECRET (made up)")
    add("--webhook-url", default="", help="where events are delivered")
    add("--redirect-url", default="", help="template of the address that customers come back to")
    add("--state", default="", metavar="FILE", help="keep companies and connections here between starts")
    add("--read-seconds", type=float, default=12.0, help="how long a first read takes (12)")
    add("--no-one-time-links", action="store_true", help="link addresses without one-time passwords")
    add("--link-host", default="", metavar="NAME", help="host name in link addresses, such as localhost")
    add("--software-host", default="", metavar="NAME", help="Link hands on to this host name")
    add("--latency-ms", type=float, default=0.0, help="added to every answer")
    add("--daily", type=int, help="requests a day (1,000 × (1 + companies with a linked connection))")
    add("--per-minute", type=int, help="requests a minute (no limit)")
    add("--retry-after", type=int, metavar="SECONDS", help="told with every 429 (the true time)")
    add("--until-stdin-closes", action="store_true", help="stop when the starting process is gone")
    add("--lose-answer-every", type=int, metavar="N", help="lose every n-th answer to a POST after its work was done")
    add("--slow-post-every", type=int, metavar="N", help="answer every n-th POST late, after its work was done")
    add("--slow-seconds", type=float, default=20.0, help="how late (20)")
    add("--error-every", type=int, metavar="N", help="answer every n-th POST with 500 after its work was done")
    return parser


def _rules(given: argparse.Namespace) -> list[dict[str, Any]]:
    every_post = {"method": "POST", "times": None, "after_effect": True}
    rules = []
    if given.lose_answer_every:
        rules.append({**every_post, "kind": "lose", "every": given.lose_answer_every})
    if given.slow_post_every:
        rules.append({**every_post, "kind": "slow", "every": given.slow_post_every, "seconds": given.slow_seconds})
    if given.error_every:
        rules.append({**every_post, "kind": "answer", "every": given.error_every, "status": 500})
    return rules


if __name__ == "__main__":
    sys.exit(main())
