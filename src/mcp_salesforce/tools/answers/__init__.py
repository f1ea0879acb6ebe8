"""The shape of answers: rows, budgets, cursors and errors. Nothing here asks the org."""
