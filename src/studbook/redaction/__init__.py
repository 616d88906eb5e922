"""Redaction: what a secret is, and what takes it out of what is kept, and of what older nights say."""
