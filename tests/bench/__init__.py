"""What it costs to bring a school onto Synapse, and what it would cost at the least.

Each workload is done twice, in turns, on the same Synapse, each time with users and rooms of new names: by the
daemon, from a queue, and by the *floor*: a client that knows everything beforehand, reads nothing, and sends only
the writes without which the same end cannot be reached. The floor is tried at several concurrencies, and the
quickest counts. A machine's speed changes by the minute: daemon and floor run one right after the other, and what
they are to each other is told by the median of such pairs.

    servers.py      broker and homeserver, and the daemon on a queue of its own
    meter.py        what a piece of work costs: the homeserver's CPU, requests as Synapse counts them, time, memory
    client.py       sends calls of the Matrix API, several at a time
    floor.py        the client that knows everything
    workloads.py    what there is to do, as messages and as the floor needs it
    rounds.py       does a workload again and again, by daemon and floor in turns
    counts.py       two cases that are counted rather than timed
    costs.py        what single calls cost, alone and side by side: the facts behind the floor's choices
    chat.py         what people notice meanwhile
    table.py        the tables, with the goals; also into README.md beside it
    school.py       a school district as messages
    district.py     one on a real homeserver, as it grows; own/district.py: beside a stub homeserver
    figure.py       what it cost, for one size
    growth.py       how that grows: district.json, and from it tables in README.md and district.svg
    picture.py      draws district.svg
    __main__.py     options

`tests/bench/run.sh` builds the daemon and measures it. `--quick` takes some minutes and is good for a look;
figures to be quoted come from the form without it, on a machine that does nothing else.
"""
