"""The networks, one file each, and how their weights come and go."""
