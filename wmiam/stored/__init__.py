"""A whole access as JSON values, from which a page without kernel answers and explains any cell."""
