"""What do the ratings say? One question a module; nothing here draws a random number."""
