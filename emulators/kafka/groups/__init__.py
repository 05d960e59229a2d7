"""Groups: the classic protocol, KIP-848 consumer groups, share groups, and what they all share (offsets, listing,
expiry).
"""
