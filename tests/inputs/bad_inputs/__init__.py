"""Wrong inputs of the tools: command lines, and what the error must name."""
