"""One policy document: parsing with positions, statements, patterns, conditions, policy variables, linting."""
