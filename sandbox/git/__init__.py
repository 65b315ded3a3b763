"""The company's Git repository, over smart HTTP."""
