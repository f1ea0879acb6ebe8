"""What the replicas of a server share: values with a lifetime, encrypted, in a SQLite file or in Valkey (or Redis)."""
