"""Goals that a user can name: how alike the decoded network's answers must be, and the search for it."""
