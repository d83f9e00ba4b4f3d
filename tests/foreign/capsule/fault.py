"""What a verifier may find: something wrong, nothing to verify, or something it does not know."""


class Wrong(Exception):
    """The first thing that is not as it must be: in which member, and of which record."""

    def __init__(self, member, what, version=None, position=None):
        super().__init__(member, what, version, position)
        self.member, self.what = member, str(what)
        self.version, self.position = version, position

    def __str__(self):
        version = "" if self.version is None else f", version {self.version}"
        position = "" if self.position is None else f", position {self.position}"
        return f"`{self.member}`{version}{position}: {self.what}"


class Nothing(Exception):
    """There is nothing to verify."""


class Unknown(Exception):
    """Rules, a model or a setting that this verifier does not know: levels are not guessed."""


def need(right, what):
    """Raises what is wrong as a ValueError, which callers turn into a `Wrong` with its place."""
    if not right:
        raise ValueError(what)
