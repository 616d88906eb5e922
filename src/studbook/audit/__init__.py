"""Audit: is a file that somebody was given what a catalog says, and is the catalog what was seen before?"""
