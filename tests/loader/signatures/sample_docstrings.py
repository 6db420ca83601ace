"""Descriptions of parameters, in every style; Prefect reads all of them as Google's."""
# ruff: noqa - how people write flows is what is tested, not how they should.

from prefect import flow


@flow
def google(a: int, b: str = "x", c: float = 1.0, *args, **kwargs):
    """Summary: with a colon.

    Longer text.

    Args:
        a: First.
        b (str, optional): Second, which goes on
            in another line

            and after a blank one.
        c(float): Third: with a colon.
        *args: Not the name.
        kwargs: The rest.
        unknown: Not a parameter.

    Returns:
        Something: else.

    Raises:
        ValueError: If a is wrong.
    """


@flow
def google_arguments(a: int, b: int):
    """
    Summary on the second line.

    Arguments:
      a: Two spaces.
      b:
        On the next line.
    """


@flow
def google_parameters(a: int, b: int):
    """Summary.

    Parameters:
        a: One.

    Keyword Args:
        b: Not read.

    Note:
        a: An admonition.

    Examples:
        >>> google_parameters(1, 2)
    """


@flow
def google_twice(a: int, b: int):
    """Summary.

    Args:
        a: Lost, for the last section wins.

    Params:
        b: Kept.
    """


@flow
def google_first(a: int):
    """
    Args:
        a: Lost, for the docstring is cleaned twice.
    """


@flow
def google_broken(a: int, b: int, c: int):
    """Summary.
    Args:
        a: No blank line above.

    ```
    Args:
        b: In a code block.
    ```

    Args:

        c: A blank line below.
    """


@flow
def google_without_colon(a: int, b: int):
    """Summary.

    Args:
        a without a colon
        b: Second.
           Oddly indented.
    """


@flow
def google_not_indented(a: int, b: int):
    """Summary.

    Args:
    a: Not indented.
        b: Too late.

    Note:
    Not indented.
        Either.
    """


@flow
def numpy(a: int, b: str = "x"):
    """Summary.

    Parameters
    ----------
    a : int
        First.
    b : str, optional
        Second.

    Returns
    -------
    int
        Something.
    """


@flow
def sphinx(a: int, b: str = "x"):
    """Summary.

    :param a: First.
    :type a: int
    :param str b: Second,
        in two lines.
    :returns: Something.
    """


@flow
def epytext(a: int):
    """Summary.

    @param a: First.
    """


@flow
def one_line(a: int):
    """Args: a"""


@flow
def empty(a: int):
    """"""


@flow
def raw(a: int):
    r"""Summary.

    Args:
        a: A \d pattern, and	a tab, and “quotes”.
    """


@flow
def empty_description(a: int, b: int):
    """Summary.

    Args:
        a:
        b:    spaces
    """


@flow
def inherited_nothing(a: int):
    # no docstring
    "Args: \n\n    a: x"
