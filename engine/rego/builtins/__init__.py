"""Rego's builtin functions, a module for each family; `catalogue` names them all and loads them when asked."""
