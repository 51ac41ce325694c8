"""The frame: settings, urls, worker, wiring, commands. It may import everybody; nobody imports it."""
