"""From APIs to a snapshot: plan, collect, redact, merge, link, commit."""
