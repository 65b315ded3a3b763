"""What goes wrong, as small parts that scenario files put together.

A fault is active from its onset until one of its mends holds (``conditions``); how long it has been
active (``activity``) drives the shape of each effect (``shapes``) on a signal of a service.
"""
