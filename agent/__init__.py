"""The core of srebot: knows no Slack and no vendor."""
