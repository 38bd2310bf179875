"""The API: a read-only view of the knowledge base."""
