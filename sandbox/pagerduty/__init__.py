"""PagerDuty's REST API v2 and Events API v2 over the simulated world."""
