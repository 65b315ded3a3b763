"""Ranking of root causes from metrics, traces and logs of one incident."""
