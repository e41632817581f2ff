"""Python interface: train on images, embed them and search, in a line each.

The names are those of ``npid_mm``: ``npid_mm.pretrain``, ``npid_mm.embed``, ``npid_mm.load`` and
``npid_mm.search``.
"""
