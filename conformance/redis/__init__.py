"""Redis: scripts of commands, a player that speaks RESP over sockets, and the rules of comparing replies."""
