"""The questions that people ask of a lineage, each answered once, as pure functions of what is stored."""
