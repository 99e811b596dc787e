"""Several sites, one list: this host's events go to a feed that all share, and everybody else's come from it."""
