"""A page in the browser that looks and works like Slack."""
