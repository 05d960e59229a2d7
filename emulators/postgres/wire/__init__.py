"""PostgreSQL's frontend/backend protocol, version 3: bytes to messages (frontend.py) and back (backend.py), sans-IO."""
