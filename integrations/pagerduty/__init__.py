"""PagerDuty: client (pdpyras behind it), read tools, pager and graph builder."""
