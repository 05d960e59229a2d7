"""From typed trees to Python source: expressions, FROM and joins, grouping, windows, output, data modification."""
