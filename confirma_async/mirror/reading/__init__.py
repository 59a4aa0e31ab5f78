"""How the service is read: which windows of days, and what proves that one was told whole."""
