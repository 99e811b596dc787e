"""A small authenticated HTTP endpoint for CRMs and dialers. Needs the extra `web` (but for `web.tokens`)."""
