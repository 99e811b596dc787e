"""`concierge list import|export|scrub|batches|undo-import|history|stats`: the list in bulk."""
