"""Plays scenarios against a running srebot and judges what it found by the scenario's truth.

It is neither bot nor company: it meets both on the wire, and alone may read the truth. Only ``evals.bare``, the column
without a harness, uses the bot's tools.
"""
