"""The laboratory: private servers for tests, demo and trying things out by hand.

Every server listens on free ports of 127.0.0.1, keeps its data in a temporary folder of its own and ends
together with the Python process that started it, however that one ends.

    rabbitmq.py    a RabbitMQ node
    synapse.py     a Synapse homeserver (install.py finds or makes the software)
    proxy.py       an HTTP proxy in front of Synapse that records requests and injects faults
    daemon.py      the program under test
    queue.py       what producers and operators do with the queues
    matrix.py      what Synapse holds

`python3 -m lab up`, run from the folder above, starts RabbitMQ and Synapse and prints the environment for
the daemon; `python3 -m lab demo` is the heart of demo.sh.
"""
