"""The syntax of chat templates, through Jinja's own parser: imported only when a template is met."""

import jinja2
import jinja2.ext
from jinja2 import nodes
from jinja2.parser import Parser


class _Generation(jinja2.ext.Extension):
    """`{% generation %}`, as transformers marks what an assistant said."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """What is inside of the tag."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def parse_template(text: str) -> nodes.Template | None:
    """The tree of a template, which is not rendered; None when it is no Jinja."""
    extensions: list[str | type[jinja2.ext.Extension]] = [
        "jinja2.ext.loopcontrols",
        "jinja2.ext.do",
        _Generation,
    ]
    environment = jinja2.Environment(extensions=extensions)  # noqa: S701 - nothing is rendered
    try:
        return environment.parse(text)
    except (jinja2.TemplateError, RecursionError, ValueError, OverflowError):
        return None
