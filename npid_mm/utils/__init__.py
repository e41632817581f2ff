"""Helpers that do not depend on MMEngine or on other packages of npid_mm."""
