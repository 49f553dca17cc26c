"""Programs that a benchmark runs as processes of their own, to measure them or within them."""
