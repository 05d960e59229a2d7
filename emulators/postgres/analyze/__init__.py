"""From parse trees to typed trees, by PostgreSQL's rules: names, types, operators, functions, coercions, clauses."""
