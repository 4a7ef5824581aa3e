"""Profiles: constraints for the rules of a folder, put together from what each rule says it is in each profile."""
