"""A local text-to-video pipeline folder behind the generator port: no hub, no remote code, one job at a time per GPU."""
