"""Where a run can run. One small Protocol; `local` is the first place."""
