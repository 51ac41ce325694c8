"""Settings: `base` for everybody, then `local` (demo and development), `test` and `production`."""
