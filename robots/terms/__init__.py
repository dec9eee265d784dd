"""Terms from which tasks are composed; each is a batched top-level function."""

Indices = slice | list[int]
"""What a parameter `joints`, `links` or `contact_links` holds by the time a term is called."""
