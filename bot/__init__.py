"""Everything that a person or Slack talks to."""
