"""Check data sets, and write their lists of images."""
