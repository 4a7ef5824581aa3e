"""The admission server without its framework: what it is told, what it decides with, and what it answers."""
