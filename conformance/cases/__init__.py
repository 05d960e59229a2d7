"""The cases, a folder for each service."""
