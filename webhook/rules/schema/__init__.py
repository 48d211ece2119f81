"""Rules on the shape of the document: fields, types, size, version."""
