"""Evidence for people: why was this number called, or refused? As JSON, and as a page that needs nothing else."""
