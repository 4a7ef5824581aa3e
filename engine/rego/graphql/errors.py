"""What is wrong with a GraphQL document, worded as OPA words it."""


class GraphQLError(Exception):
    """A problem at a line and column; `at` is None where the document came as JSON and has no places."""

    def __init__(self, message: str, at: tuple[int, int] | None) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


class GraphQLDepthError(Exception):
    """A document nests deeper than is looked at."""


def reported(problems: list[GraphQLError]) -> str:
    """The text of all problems, one a line, each after its place."""
    return "".join([f"{placed(problem)}\n" for problem in problems])


def placed(problem: GraphQLError) -> str:
    """One problem after its place."""
    place = "input" if problem.at is None else f"input:{problem.at[0]}:{problem.at[1]}"
    return f"{place}: {problem.message}"


def explained(text: str) -> str:
    """OPA's sentence for a parser's or a validator's error text."""
    parts = text.split(":", 3)
    if len(parts) == 4 and parts[1].isdecimal() and parts[2].isdecimal():
        message = parts[3].lstrip(" ").removesuffix(".\n")
        return f"{message} in GraphQL string at location {parts[1]}:{parts[2]}"
    return f"GraphQL parse error: {text}"
