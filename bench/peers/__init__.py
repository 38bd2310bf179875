"""The peers: the same sources, as each of them would usually serve them."""
