"""What watches the server: alerts, what is scraped, and a dashboard, as objects of a cluster."""
