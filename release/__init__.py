"""What a release consists of, and the program that builds it."""
