"""Settings, read from the environment and `.env`; the only module that does."""
