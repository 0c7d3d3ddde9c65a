"""Small programs that give a decoder the form which the runner asks for."""
