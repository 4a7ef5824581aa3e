"""HDF5: the objects of a file, their attributes, and what leads out of it. Weights are not read."""
