"""One policy document: parsing with positions, statements, patterns, conditions, variables, linting."""
