"""The routes: collections declared as data, their parameters, responses and description."""
