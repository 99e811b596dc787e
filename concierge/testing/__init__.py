"""Files of calls that are expected to go as they say: `concierge test`."""
