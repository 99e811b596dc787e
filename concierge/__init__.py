"""The command `concierge` and the composition root: the only place that knows everybody."""
