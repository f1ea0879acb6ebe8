"""An org's rules."""
