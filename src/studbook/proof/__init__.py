"""Transparency: Merkle trees, so that whoever holds one digest can tell whether anything under it was altered."""
