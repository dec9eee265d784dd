"""A run as one HTML page that can be sent to somebody: no network, no JavaScript needed, readable on paper."""
