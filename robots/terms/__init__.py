"""Terms from which tasks are composed; each is a batched top-level function."""
