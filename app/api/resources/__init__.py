"""The collections and other resources, one module each."""
