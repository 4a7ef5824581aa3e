"""What goes wrong with a request."""


class RequestError(Exception):
    """A request that cannot be made, or an answer that cannot be used: wrong options, a host that may not be reached."""


class NetworkError(RequestError):
    """The network, or the other side, failed. The message begins with the method and the URL, as Go's."""
