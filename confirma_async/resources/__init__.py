"""The verbs, grouped as the vendor's menu groups them."""
