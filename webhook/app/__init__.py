"""The admission server's HTTP: the only place of the web server's libraries and of prometheus_client."""
