"""Wrong inputs of the tools, a line each: what is typed, and what the error must name."""
