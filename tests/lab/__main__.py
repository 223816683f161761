"""`python3 -m lab up`: both servers, until ended. `python3 -m lab demo`: see demo.py. `--help` tells the rest."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys

from . import demo
from .install import NoSynapse, find_or_make
from .queue import Queue
from .rabbitmq import Broker
from .school import School


def up() -> None:
    """Start the servers and print, on standard output, what a shell has to know to use them."""
    with School() as school:
        assert school.homeserver is not None
        for name, value in school.environment().items():
            print(f"export {name}={shlex.quote(value)}")
        print(f"export LAB_OPERATOR_TOKEN={school.homeserver.admin.token}  # an admin other than the sync user")
        print(f"export LAB_SYNAPSE_LOG={school.synapse.folder / 'homeserver.log'}")
        print("# up; end with Ctrl-C or SIGTERM", flush=True)
        signal.pause()


def main() -> int:
    parser = argparse.ArgumentParser(prog="lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start RabbitMQ and Synapse and print the daemon's environment")
    commands.add_parser("synapse", help="find or make the Synapse that the others use, and end")
    publishing = commands.add_parser("publish", help="publish a request as producers do")
    publishing.add_argument("broker", help="URI of the broker")
    publishing.add_argument("file", type=argparse.FileType(), help="a file with one request, or -")
    showing = commands.add_parser("demo", help="let the daemon carry out data/examples and show the result")
    showing.add_argument("--keep", action="store_true", help="stay up for playing")
    options = parser.parse_args()

    # So that `with` blocks end the servers in order; when we are killed, the kernel ends them.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        if options.command == "up":
            up()
        elif options.command == "demo":
            return demo.run(keep=options.keep)
        elif options.command == "publish":
            Queue(Broker(options.broker)).publish(json.load(options.file))
        else:
            find_or_make()
    except KeyboardInterrupt:
        pass
    except NoSynapse as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
