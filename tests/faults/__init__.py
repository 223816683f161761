"""Proof by trying: what the daemon is asked for comes about, once and in order, whatever breaks meanwhile.

    messages.py     streams of messages, made from a seed
    model.py        what data/README.md says must be there after such a stream
    compare.py      what is there, held against that
    bench.py        queue, daemon and clock of one fault test
    link.py         a bad network between the daemon and a peer
    trial.py        all that put up, on a stub or on a real Synapse, and looked at in the end
    scenarios.py    the faults; they are in killed.py, standby.py, servers.py, links.py and outages.py
    result.py       a row of the table
    table.py        the table
    __main__.py     runs them

`python3 -m faults`, run from the folder above, is the quick form; `--long` is the long one; names of scenarios run
those alone. `--seed` repeats a run as far as chance goes: the moments depend on the machine, too.
"""
