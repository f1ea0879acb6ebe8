"""What a model can read and change in the org: the policy file, and its effect on queries and answers."""
