"""The schema's versions, one module each."""
