"""Health, metrics, webhooks and investigation pages."""
