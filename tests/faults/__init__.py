"""Proof by trying: what the daemon is asked for comes about, once and in order, whatever breaks meanwhile.

    messages.py     streams of messages, made from a seed
    model.py        what SPEC section 2 says must be there after such a stream
    compare.py      what is there, held against that
    bench.py        servers, queue, daemon and clock of one fault test
    scenarios.py    the faults
    __main__.py     runs them and prints the table

`python3 -m faults`, run from the folder above, is the quick form; `--long` is the long one; names of scenarios run
those alone. `--seed` repeats a run as far as chance goes: the moments depend on the machine, too.
"""
