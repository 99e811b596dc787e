"""What `concierge lint` prints: one module a format, each with `render(report) -> str`."""
