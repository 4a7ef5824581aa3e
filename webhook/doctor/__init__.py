"""What is wrong with an installation: facts of a cluster, and what they mean. Pure; `webhook.cluster` asks for them."""
