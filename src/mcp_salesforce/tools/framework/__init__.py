"""What makes tools of typed functions: their schemas, the checks, and the one boundary."""
