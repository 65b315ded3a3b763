"""The company: who works there, what runs, what breaks, and the telemetry that shows it."""
