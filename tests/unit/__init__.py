"""Fast tests that mirror the packages."""
