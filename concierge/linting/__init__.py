"""What `concierge lint` does beside judging: which findings count, what is known already, what can be repaired."""
