"""Alerts as the senders' webhooks deliver them: payloads, signatures, retries."""
