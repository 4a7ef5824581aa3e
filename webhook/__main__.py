"""`python -m lockgate.webhook` is the command `lockgate`."""

from lockgate.webhook.cli import main

main()
