"""What a model may read and change in the org: the policy file, and what follows from it for a query and an answer."""
