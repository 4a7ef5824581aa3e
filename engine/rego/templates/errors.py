"""What is wrong with a template, or with running it on the data."""


class TemplateError(Exception):
    """The template cannot be parsed or executed. The message is worded as by Go."""


class TemplateDepthError(Exception):
    """The template nests deeper than is looked at."""
