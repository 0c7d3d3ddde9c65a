"""Files of a chain made into one: a full file and its updates, or several updates."""
