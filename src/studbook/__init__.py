"""Studbook: a static lineage catalog for machine learning on AWS."""

__version__ = "0.1.0"
