"""The server on loopback, with real TLS and, where its life is the matter, as a real process."""
