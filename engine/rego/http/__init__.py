"""HTTP for `http.send`, on the standard library: bounded in time and size, to the hosts that capabilities name."""
