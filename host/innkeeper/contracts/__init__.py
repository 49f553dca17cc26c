"""WIT types, JSON Schema and JSON values; and what a component says of itself beside its code."""
