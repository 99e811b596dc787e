"""Service figures and calls round the gate for people and programs: text, JSON, CSV, a page, Prometheus."""
