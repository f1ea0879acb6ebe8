"""What all tests share."""

from hypothesis import settings

# A slow machine breaks no law: examples have no time limit of their own.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")
