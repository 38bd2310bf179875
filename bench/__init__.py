"""Measurements: a synthetic knowledge base of any size, and this API beside its peers."""
