"""Block Kit, as templates and one render function per view."""
