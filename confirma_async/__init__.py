"""Asynchronous client of the Confirma Finance Integrations API, with a sandbox of the service."""
