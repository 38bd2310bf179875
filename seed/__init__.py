"""The content, and the commands that check it and load it into a database."""
